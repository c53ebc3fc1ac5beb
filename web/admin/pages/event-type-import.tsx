import { useState } from "preact/hooks";
import { Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Badge, type Tone } from "../../kit/parts/badge.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { TextField } from "../../kit/parts/field.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { Section } from "../../kit/parts/section.tsx";
import { counted } from "../../kit/words.ts";
import { type ImportResult, importOpenApi } from "../api/event-types.ts";
import { EVENT_TYPES, eventTypeLink } from "../links.ts";

/** Imports event types from an OpenAPI document, after a preview of what changes. */
export function EventTypeImportPage() {
  const [spec, setSpec] = useState("");
  const [replaceAll, setReplaceAll] = useState(false);
  const [preview, setPreview] = useState<ImportResult | null>(null);
  const [isImported, setImported] = useState(false);
  const action = useActionThen(null);
  const edit = (change: () => void) => {
    change();
    setPreview(null);
    setImported(false);
  };
  const look = (event: Event) => {
    event.preventDefault();
    void action.run(async () => setPreview(await importOpenApi(spec, replaceAll, true)));
  };
  const run = () =>
    action.run(async () => {
      await importOpenApi(spec, replaceAll, false);
      setImported(true);
    }, "The event types are imported.");
  return (
    <>
      <PageHead
        title="Import event types"
        about="From the webhooks of an OpenAPI document, as JSON or YAML."
        above={[{ title: "Event types", href: EVENT_TYPES }]}
      />
      <form class="card" onSubmit={look} noValidate aria-label="OpenAPI document">
        <TextField label="OpenAPI document" rows={14} value={spec} onInput={(text) => edit(() => setSpec(text))} />
        <label class="check">
          <input
            type="checkbox"
            checked={replaceAll}
            onChange={(event) => {
              const { checked } = event.currentTarget;
              edit(() => setReplaceAll(checked));
            }}
          />
          Archive event types that are not in the document
        </label>
        <div class="buttons">
          <button type="submit" class="outline" disabled={action.busy || spec.trim() === ""}>
            Preview changes
          </button>
          <Outcome action={action} />
        </div>
      </form>
      {preview !== null && <Preview of={preview} busy={action.busy} isImported={isImported} onImport={run} />}
    </>
  );
}

interface PreviewProps {
  readonly of: ImportResult;
  readonly busy: boolean;
  readonly isImported: boolean;
  readonly onImport: () => void;
}

type Change = NonNullable<ImportResult["changes"]>[number];

function Preview({ of, busy, isImported, onImport }: PreviewProps) {
  const { changes = [], skipped = [] } = of;
  const touched = changes.filter(({ change }) => change !== "unchanged").length;
  return (
    <Section title={isImported ? "Imported" : "What changes"}>
      {changes.length === 0 ? (
        <p class="muted">The document has no webhooks that can be imported.</p>
      ) : (
        <DataTable label="Changes" columns={COLUMNS} rows={changes} keyOf={({ name }) => name} />
      )}
      {skipped.map(({ name, reason }) => (
        <p key={name} class="small">
          Skipped <strong>{name}</strong>: {reason}
        </p>
      ))}
      {!isImported && (
        <div class="buttons">
          <button type="button" disabled={busy || touched === 0} onClick={onImport}>
            {touched === 0 ? "Nothing changes" : `Apply ${counted(touched, "change")}`}
          </button>
        </div>
      )}
    </Section>
  );
}

const TONES: Record<Change["change"], Tone> = { created: "good", changed: "wait", unchanged: "idle", archived: "bad" };

const COLUMNS: readonly Column<Change>[] = [
  { head: "Event type", kind: "title", cell: ({ name }) => <a href={eventTypeLink(name)}>{name}</a> },
  { head: "Change", kind: "fit", cell: ({ change }) => <Badge tone={TONES[change]}>{change}</Badge> },
  { head: "Fields", cell: ({ fields }) => fields.join(", ") },
];
