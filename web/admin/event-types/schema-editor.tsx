import { TextField } from "../../kit/parts/field.tsx";
import type { Resource } from "../../kit/reading.ts";
import { type Validity, validate } from "../api/event-types.ts";
import { useTyped } from "../typed.ts";

interface SchemaEditorProps {
  readonly schema: string;
  readonly example: string;
  readonly onSchema: (text: string) => void;
  readonly onExample: (text: string) => void;
}

/** Edits a JSON Schema and an example beside each other. The server checks both while the user types. */
export function SchemaEditor({ schema, example, onSchema, onExample }: SchemaEditorProps) {
  const { value: validity, error } = useValidity(schema, example);
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
        {error?.message ?? (validity?.valid ? "The example is valid." : "")}
      </p>
    </>
  );
}

/** Checks the example against the schema once both are JSON. */
function useValidity(schema: string, example: string): Resource<Validity> {
  const isReady = [schema, example].every((text) => text.trim() !== "" && jsonProblem(text) === null);
  return useTyped(isReady ? JSON.stringify([schema, example]) : null, (signal) => validate(schema, example, signal));
}

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
