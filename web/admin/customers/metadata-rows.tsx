import { useId } from "preact/hooks";
import style from "./metadata-rows.module.css";

export interface Entry {
  readonly name: string;
  readonly value: string;
}

interface MetadataRowsProps {
  readonly rows: readonly Entry[];
  readonly problem: string | null;
  readonly onChange: (rows: readonly Entry[]) => void;
}

/** Rows of names and values. */
export function MetadataRows({ rows, problem, onChange }: MetadataRowsProps) {
  const id = useId();
  const replace = (at: number, change: Partial<Entry>) =>
    onChange(rows.map((row, index) => (index === at ? { ...row, ...change } : row)));
  return (
    <fieldset class={style.rows} aria-describedby={problem === null ? undefined : `${id}-problem`}>
      <legend>
        Metadata <span class="muted">(optional)</span>
      </legend>
      {rows.map((row, at) => (
        <div key={at} class={style.row}>
          <input
            aria-label={`Name ${at + 1}`}
            placeholder="name"
            autocomplete="off"
            spellcheck={false}
            value={row.name}
            onInput={(event) => replace(at, { name: event.currentTarget.value })}
          />
          <input
            aria-label={`Value ${at + 1}`}
            placeholder="value"
            autocomplete="off"
            spellcheck={false}
            value={row.value}
            onInput={(event) => replace(at, { value: event.currentTarget.value })}
          />
          <button
            type="button"
            class="outline small"
            aria-label={`Remove row ${at + 1}`}
            onClick={() => onChange(rows.filter((_, index) => index !== at))}
          >
            Remove
          </button>
        </div>
      ))}
      {problem !== null && (
        <small id={`${id}-problem`} class={style.problem} role="alert">
          {problem}
        </small>
      )}
      <button type="button" class="outline small" onClick={() => onChange([...rows, { name: "", value: "" }])}>
        Add metadata
      </button>
    </fieldset>
  );
}

export function rowsOf(metadata: Readonly<Record<string, string>>): readonly Entry[] {
  return Object.entries(metadata).map(([name, value]) => ({ name, value }));
}

/** Returns the metadata of the rows. Rows that are empty are skipped. */
export function metadataOf(rows: readonly Entry[]): Readonly<Record<string, string>> {
  return Object.fromEntries(filled(rows).map(({ name, value }) => [name.trim(), value]));
}

/** Returns what is wrong with the rows before they are sent, or null. */
export function rowsProblem(rows: readonly Entry[]): string | null {
  const names = filled(rows).map(({ name }) => name.trim());
  if (names.includes("")) return "Each value needs a name.";
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  return twice === undefined ? null : `The name ${twice} is used twice.`;
}

function filled(rows: readonly Entry[]): readonly Entry[] {
  return rows.filter(({ name, value }) => name.trim() !== "" || value !== "");
}
