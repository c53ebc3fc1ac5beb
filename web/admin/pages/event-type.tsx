import { useState } from "preact/hooks";
import type { EventType } from "../../../src/api/types.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Body } from "../../kit/parts/code.tsx";
import { Fact } from "../../kit/parts/fact.tsx";
import { SelectField } from "../../kit/parts/field.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { CardSection, Read, Section } from "../../kit/parts/section.tsx";
import { WithCode } from "../../kit/parts/with-code.tsx";
import { counted } from "../../kit/words.ts";
import { archiveEventType, changeEventType, deleteEventType, getEventType, getExample } from "../api/event-types.ts";
import { EventTypeFields, sentFields } from "../event-types/form.tsx";
import { jsonProblem, SchemaEditor } from "../event-types/schema-editor.tsx";
import { EventTypeState } from "../event-types/state.tsx";
import style from "../event-types/warnings.module.css";
import { EVENT_TYPES, messagesLink, PAYLOAD_VERSIONS } from "../links.ts";
import { Changing, May } from "../parts/may.tsx";
import { useLoaded } from "../reload.ts";

export function EventTypePage({ name }: { name: string }) {
  const [type, reload] = useLoaded(name, (signal) => getEventType(name, signal));
  return (
    <>
      <PageHead title={name} above={[{ title: "Event types", href: EVENT_TYPES }]}>
        <a class="button-link outline" href={messagesLink({ event_types: name })}>
          Messages
        </a>
      </PageHead>
      <Read of={type}>
        {(loaded) => (
          <>
            <Facts type={loaded} />
            <Settings type={loaded} onChange={reload} />
            <Schemas type={loaded} onChange={reload} />
            <Example key={`example ${loaded.updatedAt}`} name={name} />
            <May operation="v1.event-type.delete">
              <Ending type={loaded} onChange={reload} />
            </May>
          </>
        )}
      </Read>
    </>
  );
}

function Facts({ type }: { type: EventType }) {
  return (
    <dl class="facts">
      <Fact name="State">
        <EventTypeState of={type} />
      </Fact>
      <Fact name="Schema versions">{type.schemaVersions.join(", ") || "none"}</Fact>
      <Fact name="Created">
        <Instant at={type.createdAt} />
      </Fact>
      <Fact name="Changed">
        <Instant at={type.updatedAt} />
      </Fact>
    </dl>
  );
}

interface PartProps {
  readonly type: EventType;
  readonly onChange: () => void;
}

function Settings({ type, onChange }: PartProps) {
  const [fields, setFields] = useState({
    description: type.description,
    groupName: type.groupName ?? "",
    validation: type.validation as string,
    compatibility: type.compatibility as string,
  });
  const action = useActionThen(onChange);
  const submit = (event: Event) => {
    event.preventDefault();
    void action.run(() => changeEventType(type.name, sentFields(fields)), "Saved.");
  };
  return (
    <CardSection title="Settings">
      <form onSubmit={submit} noValidate>
        <Changing operation="v1.event-type.patch">
          <EventTypeFields fields={fields} problems={{}} onChange={setFields} />
          <div class="buttons">
            <button type="submit" disabled={action.busy}>
              Save settings
            </button>
            <Outcome action={action} />
          </div>
        </Changing>
      </form>
    </CardSection>
  );
}

function Schemas({ type, onChange }: PartProps) {
  const schemas: Readonly<Record<string, unknown>> = type.schemas ?? {};
  const latest = type.schemaVersions.at(-1);
  const added = String(Math.max(0, ...type.schemaVersions.map(Number).filter(Number.isInteger)) + 1);
  const [version, setVersion] = useState(latest ?? added);
  const [schema, setSchema] = useState(textOf(schemas[version]));
  const [example, setExample] = useState("");
  const [warnings, setWarnings] = useState<readonly string[]>([]);
  const action = useActionThen(onChange);
  const choose = (chosen: string) => {
    setVersion(chosen);
    if (schemas[chosen] !== undefined) setSchema(textOf(schemas[chosen]));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (schema.trim() === "" || jsonProblem(schema) !== null) return;
    const changed = { ...schemas, [version]: JSON.parse(schema) };
    setWarnings([]);
    const save = async () => setWarnings((await changeEventType(type.name, { schemas: changed })).warnings ?? []);
    void action.run(save, `Version ${version} is saved.`);
  };
  const choices = type.schemaVersions.map((value) => ({
    value,
    label: value === latest ? `${value} (latest)` : value,
  }));
  return (
    <CardSection
      title="Schema"
      about="Payloads are checked against the latest version. The settings say what happens to a message that does not match."
    >
      <form onSubmit={submit} noValidate>
        <SelectField
          label="Version"
          value={version}
          choices={[...choices, { value: added, label: `${added} (new)` }]}
          onChange={choose}
        />
        <Changing operation="v1.event-type.patch">
          <SchemaEditor schema={schema} example={example} onSchema={setSchema} onExample={setExample} />
          <div class="buttons">
            <button type="submit" disabled={action.busy || schema.trim() === ""}>
              Save version {version}
            </button>
            <Outcome action={action} />
          </div>
        </Changing>
      </form>
      {warnings.length > 0 && <Warnings of={warnings} />}
    </CardSection>
  );
}

/** Lists the changes of a saved schema that may break its users. */
function Warnings({ of }: { of: readonly string[] }) {
  return (
    <div class={style.warnings}>
      <p>
        These changes may break programs that send or receive messages of this type. A{" "}
        <a href={PAYLOAD_VERSIONS}>payload version</a> lets receivers keep the earlier form.
      </p>
      <ul aria-label="Incompatible changes">
        {of.map((text) => (
          <li key={text}>
            <WithCode text={text.replace(/^schemas\.[^:]*: /, "")} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function textOf(schema: unknown): string {
  return schema === undefined ? "" : JSON.stringify(schema, null, 2);
}

function Example({ name }: { name: string }) {
  const [example] = useLoaded(name, (signal) => getExample(name, signal));
  return (
    <Section title="Example">
      <Read of={example}>
        {({ payload, generated }) => (
          <>
            {generated && <p class="muted small">Generated from the schema.</p>}
            <Body text={JSON.stringify(payload)} />
          </>
        )}
      </Read>
    </Section>
  );
}

function Ending({ type, onChange }: PartProps) {
  const action = useActionThen(null);
  const { name } = type;
  const archive = async () => {
    if (await action.run(() => archiveEventType(name))) onChange();
  };
  const remove = async () => {
    if (await action.run(() => deleteEventType(name))) location.hash = EVENT_TYPES;
  };
  const restore = () => action.run(() => changeEventType(name, { archived: false }), "Restored.").then(onChange);
  return (
    <CardSection title="Archive or delete">
      <div class="buttons">
        {type.archived ? (
          <button type="button" class="outline" disabled={action.busy} onClick={restore}>
            Restore
          </button>
        ) : (
          <Confirm
            label="Archive"
            question={`Archive 1 event type, ${name}? Customers can no longer choose it in the portal. Its messages and subscriptions stay.`}
            confirm="Archive event type"
            action={action}
            onConfirm={archive}
          />
        )}
        <Confirm
          label="Delete"
          question={`Delete 1 event type, ${name}, with ${counted(type.schemaVersions.length, "schema version")}? Its messages stay. This cannot be undone.`}
          confirm="Delete event type"
          isDestructive
          action={action}
          onConfirm={remove}
        />
        <Outcome action={action} />
      </div>
    </CardSection>
  );
}
