import { useState } from "preact/hooks";
import type { FilterPreview } from "../../../src/api/types.ts";
import { ApiError } from "../client.ts";
import { prettyJson } from "../json.ts";
import { type Action, Outcome, useActionThen } from "../parts/action.tsx";
import { Badge } from "../parts/badge.tsx";
import { TextField } from "../parts/field.tsx";
import { Instant } from "../parts/instant.tsx";
import { CardSection, Read } from "../parts/section.tsx";
import { Table } from "../parts/table.tsx";
import type { Resource } from "../reading.ts";
import style from "./filter.module.css";

interface EditorProps {
  /** Saves a filter, given as JSON, or null. Null if the user may not change it. */
  readonly save: ((filter: string | null) => Promise<unknown>) | null;
  /** Tests a filter, given as JSON, on stored messages. */
  readonly preview: (filter: string) => Promise<FilterPreview>;
  /** Called after each change. */
  readonly onChange: () => void;
}

interface FilterProps extends EditorProps {
  /** The filter as JSON text, with its numbers as they are stored; null if there is none. */
  readonly filter: Resource<{ readonly text: string | null }>;
}

const EXAMPLE = '{"payload": {"amount": {"$gt": 10}}}';
const ROWS = 8;
/** Maximum number of tested messages that are listed. */
const LISTED_MAX = 20;

/** Shows the filter of an endpoint, tests it on stored messages, and changes it. */
export function FilterSection({ filter, ...editor }: FilterProps) {
  return (
    <CardSection
      title="Filter"
      about="The endpoint gets only messages whose payload, headers and event type match. Without a filter it gets all that it subscribes to."
    >
      <Read of={filter} lines={3}>
        {({ text }) => <Editor stored={text} {...editor} />}
      </Read>
    </CardSection>
  );
}

interface Tested {
  readonly text: string;
  readonly result: FilterPreview;
}

function Editor({ stored, save, preview, onChange }: EditorProps & { readonly stored: string | null }) {
  const [text, setText] = useState(() => (stored === null ? "" : pretty(stored)));
  const [problem, setProblem] = useState<string | null>(null);
  const [tested, setTested] = useState<Tested | null>(null);
  /** Whether the filter was edited since it was sent, so that the outcome may be outdated. */
  const [isEdited, setEdited] = useState(false);
  const action = useActionThen(null);

  const edit = (next: string) => {
    setText(next);
    setProblem(null);
    setEdited(true);
  };
  /** Runs an action on the filter in the input, unless it is not JSON. */
  const run = async (work: (filter: string | null) => Promise<unknown>, done?: string) => {
    const filter = text.trim() === "" ? null : text.trim();
    let found = filter === null ? null : jsonProblem(filter);
    setEdited(false);
    setProblem(found);
    if (found !== null) return;
    const observed = (error: unknown) => {
      found = placedProblem(error);
      throw error;
    };
    await action.run(() => work(filter).catch(observed), done);
    setProblem(found);
  };
  const test = async (filter: string | null) => {
    setTested(null);
    setTested({ text, result: await preview(filter ?? "{}") });
  };
  const saveAll = async (filter: string | null) => {
    await save?.(filter);
    onChange();
  };

  return (
    <>
      <fieldset class={style.fields} disabled={save === null}>
        <TextField
          label="Filter as JSON"
          help={
            <>
              Conditions as in MongoDB's queries, for example <code>{EXAMPLE}</code>. Leave empty to receive all
              messages.
            </>
          }
          problem={problem}
          value={text}
          onInput={edit}
          rows={ROWS}
        />
      </fieldset>
      <div class="buttons">
        {save !== null && (
          <button type="button" disabled={action.busy} onClick={() => run(saveAll, "Saved.")}>
            Save filter
          </button>
        )}
        <button type="button" class="outline" disabled={action.busy} onClick={() => run(test)}>
          Test on stored messages
        </button>
        <Outcome action={isEdited ? { ...action, problem: null, done: null } : problem === null ? action : CORRECT} />
      </div>
      {tested !== null && tested.text === text && <Result of={tested.result} />}
    </>
  );
}

const CORRECT: Action = {
  busy: false,
  error: null,
  done: null,
  problem: "Correct the filter.",
  run: async () => false,
};

function Result({ of: { tested, matching, data } }: { of: FilterPreview }) {
  if (tested === 0)
    return (
      <p role="status" class={style.result}>
        There are no stored messages to test the filter on.
      </p>
    );
  return (
    <>
      <p role="status" class={style.result}>
        Of the last {tested === 1 ? "message" : `${tested} messages`}, {matching} {matching === 1 ? "matches" : "match"}
        .
      </p>
      <Table label="Tested messages">
        <thead>
          <tr>
            <th scope="col">Message</th>
            <th scope="col">Accepted</th>
            <th scope="col">Result</th>
            <th scope="col">Because</th>
          </tr>
        </thead>
        <tbody>
          {data.slice(0, LISTED_MAX).map(({ id, eventType, timestamp, matches, because }) => (
            <tr key={id}>
              <td>{eventType}</td>
              <td>
                <Instant at={timestamp} />
              </td>
              <td>
                <Badge tone={matches ? "good" : "idle"}>{matches ? "matches" : "no match"}</Badge>
              </td>
              <td class="mono">{because}</td>
            </tr>
          ))}
        </tbody>
      </Table>
      {data.length > LISTED_MAX && <p class="muted small">The newest {LISTED_MAX} are listed.</p>}
    </>
  );
}

function jsonProblem(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? null : "Must be a JSON object.";
  } catch {
    return "Must be valid JSON.";
  }
}

/** Returns what the server found wrong with the filter, with its place; null for other errors. */
function placedProblem(error: unknown): string | null {
  if (!(error instanceof ApiError)) return null;
  const [finding] = error.findings.filter(({ loc }) => loc[1] === "filter");
  if (finding === undefined) return null;
  const place = finding.loc.slice(2).join(".");
  return place === "" ? finding.msg : `${place}: ${finding.msg}`;
}

function pretty(text: string): string {
  return (
    prettyJson(text)
      ?.map((token) => token.text)
      .join("") ?? text
  );
}
