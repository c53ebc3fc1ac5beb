import { useRef } from "preact/hooks";
import { prettyJson, rangeAt } from "../../kit/json.ts";
import { Field } from "../../kit/parts/field.tsx";
import { jsonProblem } from "../event-types/schema-editor.tsx";
import style from "./payload-field.module.css";

/** Something that does not fit, with the path of its place in the payload. */
export interface PayloadFinding {
  readonly path: readonly string[];
  readonly msg: string;
}

interface PayloadFieldProps {
  readonly text: string;
  readonly onInput: (text: string) => void;
  readonly findings: readonly PayloadFinding[];
  /** What is known about the check, such as that the payload fits. */
  readonly note: string;
  /** What the server said about the payload when the message was sent. */
  readonly problem: string | null;
}

const ROWS = 14;

/** Edits a payload as text. A click on a finding selects its place in the text. */
export function PayloadField({ text, onInput, findings, note, problem }: PayloadFieldProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const syntax = jsonProblem(text);
  const select = (path: readonly string[]) => {
    const range = rangeAt(text, path);
    if (range === null || area.current === null) return;
    area.current.focus();
    area.current.setSelectionRange(...range);
  };
  const indent = () => {
    const tokens = prettyJson(text);
    if (tokens !== null) onInput(tokens.map((token) => token.text).join(""));
  };
  return (
    <div class={style.field}>
      <Field label="Payload" help="Sent exactly as it is written here." problem={syntax ?? problem}>
        {(control) => (
          <textarea
            class="mono"
            rows={ROWS}
            spellcheck={false}
            {...control}
            ref={area}
            value={text}
            onInput={(event) => onInput(event.currentTarget.value)}
          />
        )}
      </Field>
      <div class={style.check}>
        <p class="small" role="status">
          {syntax === null ? note : ""}
        </p>
        <button type="button" class="quiet small" disabled={syntax !== null || text.trim() === ""} onClick={indent}>
          Indent
        </button>
      </div>
      {findings.length > 0 && (
        <ul class={style.findings} aria-label="What does not fit the schema">
          {findings.map(({ path, msg }) => (
            <li key={path.join("/")}>
              <button type="button" class="quiet" onClick={() => select(path)}>
                <span class="muted">line {lineAt(text, path)}</span> <code>{path.join(".") || "payload"}</code> {msg}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Returns the line of the value at a path, starting at 1. */
function lineAt(text: string, path: readonly string[]): number {
  const [from] = rangeAt(text, path) ?? [0];
  return text.slice(0, from).split("\n").length;
}
