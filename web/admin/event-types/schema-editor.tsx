import { useEffect, useState } from "preact/hooks";
import { TextField } from "../../kit/parts/field.tsx";
import { type Validity, validate } from "../api/event-types.ts";

const TYPING_PAUSE_MS = 400;

interface SchemaEditorProps {
  readonly schema: string;
  readonly example: string;
  readonly onSchema: (text: string) => void;
  readonly onExample: (text: string) => void;
}

/** Edits a JSON Schema and an example beside each other. The server checks both while the user types. */
export function SchemaEditor({ schema, example, onSchema, onExample }: SchemaEditorProps) {
  const { validity, problem } = useValidity(schema, example);
  const schemaProblem = jsonProblem(schema) ?? validity?.schema?.msg ?? null;
  const exampleProblem = jsonProblem(example) ?? exampleFindings(validity);
  return (
    <>
      <TextField label="JSON Schema" isOptional rows={12} value={schema} onInput={onSchema} problem={schemaProblem} />
      <TextField
        label="Example to check"
        isOptional
        rows={6}
        value={example}
        onInput={onExample}
        problem={exampleProblem}
        help="Checked against the schema while you type. It is not stored."
      />
      <p class="small" role="status">
        {problem ?? (validity?.valid ? "The example is valid." : "")}
      </p>
    </>
  );
}

function useValidity(schema: string, example: string) {
  const [state, setState] = useState<{ validity: Validity | null; problem: string | null }>(NOTHING);
  useEffect(() => {
    setState(NOTHING);
    if (schema.trim() === "" || example.trim() === "") return;
    if (jsonProblem(schema) !== null || jsonProblem(example) !== null) return;
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const validity = await validate(schema, example, stop.signal);
        if (!stop.signal.aborted) setState({ validity, problem: null });
      } catch (error) {
        if (!stop.signal.aborted) setState({ validity: null, problem: (error as Error).message });
      }
    }, TYPING_PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [schema, example]);
  return state;
}

const NOTHING = { validity: null, problem: null };

/** Returns why a text is not JSON; null if it is JSON or empty. */
export function jsonProblem(text: string): string | null {
  if (text.trim() === "") return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `This is not valid JSON: ${(error as Error).message}`;
  }
}

function exampleFindings(validity: Validity | null): string | null {
  if (validity === null || validity.example.length === 0) return null;
  return validity.example.map(({ loc, msg }) => [loc.slice(2).join("."), msg].filter(Boolean).join(": ")).join("; ");
}
