import { useState } from "preact/hooks";
import { ApiError } from "../../kit/client.ts";
import { TextField } from "../../kit/parts/field.tsx";
import { Problem } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { createEventType } from "../api/event-types.ts";
import { EventTypeFields, type Fields, problemsOf, sentFields } from "../event-types/form.tsx";
import { jsonProblem, SchemaEditor } from "../event-types/schema-editor.tsx";
import { EVENT_TYPES, eventTypeLink } from "../links.ts";

const NEW_FIELDS = { description: "", groupName: "", validation: "warn", compatibility: "off" };

export function NewEventTypePage() {
  const [name, setName] = useState("");
  const [fields, setFields] = useState<Fields>(NEW_FIELDS);
  const [schema, setSchema] = useState("");
  const [example, setExample] = useState("");
  const [error, setError] = useState<Error | null>(null);
  const [busy, setBusy] = useState(false);
  const problems = problemsOf(error);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (jsonProblem(schema) !== null) return;
    setBusy(true);
    setError(null);
    const schemas = schema.trim() === "" ? null : { "1": JSON.parse(schema) };
    try {
      await createEventType({ name: name.trim(), ...sentFields(fields), schemas });
      location.hash = eventTypeLink(name.trim());
    } catch (caught) {
      setError(caught as Error);
      setBusy(false);
    }
  };

  return (
    <>
      <PageHead title="New event type" above={[{ title: "Event types", href: EVENT_TYPES }]} />
      <form class="card" onSubmit={submit} noValidate aria-label="New event type">
        <TextField
          label="Name"
          value={name}
          onInput={setName}
          problem={problems.name ?? null}
          help="Such as invoice.paid. The name cannot be changed later."
        />
        <EventTypeFields fields={fields} problems={problems} onChange={setFields} />
        <SchemaEditor schema={schema} example={example} onSchema={setSchema} onExample={setExample} />
        {error !== null && <Problem>{summary(error)}</Problem>}
        <button type="submit" disabled={busy} aria-busy={busy}>
          Create event type
        </button>
      </form>
    </>
  );
}

function summary(error: Error): string {
  return error instanceof ApiError && error.findings.length > 0
    ? `Correct the marked fields. ${error.message}`
    : error.message;
}
