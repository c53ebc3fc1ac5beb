import { useId, useState } from "preact/hooks";
import type { Endpoint, EndpointChange, EndpointCreation } from "../../../src/api/types.ts";
import {
  changeOf,
  creationOf,
  type Draft,
  type DraftProblem,
  draftOf,
  ENDPOINT_FIELDS,
  type EndpointField,
  type InputField,
  problemOf,
} from "../endpoint-fields.ts";
import { type Action, Outcome } from "./action.tsx";
import { EventTypePicker } from "./event-type-picker.tsx";

interface FormProps {
  readonly initial: Draft;
  readonly action: Action;
  readonly submit: string;
  /** Sends the draft. Resolves with whether the request succeeded. */
  readonly onSubmit: (draft: Draft, saved: Draft) => Promise<boolean>;
}

interface ChangeProps {
  readonly endpoint: Endpoint;
  readonly action: Action;
  readonly onSubmit: (change: EndpointChange) => Promise<boolean>;
}

interface CreationProps {
  readonly action: Action;
  readonly onSubmit: (endpoint: EndpointCreation) => Promise<boolean>;
}

export function ChangeEndpointForm({ endpoint, action, onSubmit }: ChangeProps) {
  const submit = (draft: Draft, saved: Draft) => onSubmit(changeOf(draft, saved));
  return <EndpointForm initial={draftOf(endpoint)} action={action} submit="Save" onSubmit={submit} />;
}

export function CreateEndpointForm({ action, onSubmit }: CreationProps) {
  const submit = (draft: Draft) => onSubmit(creationOf(draft));
  return <EndpointForm initial={draftOf(null)} action={action} submit="Add endpoint" onSubmit={submit} />;
}

/**
 * Whether the field is hidden until the user asks for more, because many endpoints leave it empty.
 */
const isExtra = ({ kind }: EndpointField) => kind === "list" || kind === "number";

function EndpointForm({ initial, action, submit, onSubmit }: FormProps) {
  const [draft, setDraft] = useState(initial);
  /**
   * The content of the form when it was opened or last saved. Others may have changed the endpoint
   * since then.
   */
  const [saved, setSaved] = useState(draft);
  const [problem, setProblem] = useState<DraftProblem | null>(null);
  const id = useId();
  const set = (change: Partial<Draft>) => {
    setProblem(null);
    setDraft({ ...draft, ...change });
  };

  const send = async (event: Event) => {
    event.preventDefault();
    const found = problemOf(draft);
    setProblem(found);
    if (found !== null) document.getElementById(`${id}-${found.name}`)?.focus();
    else if (await onSubmit(draft, saved)) setSaved(draft);
  };

  const show = (field: EndpointField) =>
    field.kind === "event types" ? (
      <EventTypePicker key={field.name} value={draft.eventTypes} onChange={(eventTypes) => set({ eventTypes })} />
    ) : (
      <Field
        key={field.name}
        id={`${id}-${field.name}`}
        field={field}
        value={draft.texts[field.name] ?? ""}
        isInvalid={problem?.name === field.name}
        onChange={(text) => set({ texts: { ...draft.texts, [field.name]: text } })}
      />
    );
  const extra = ENDPOINT_FIELDS.filter(isExtra);

  return (
    <form class="endpoint-form" onSubmit={send} noValidate>
      {ENDPOINT_FIELDS.filter((field) => !isExtra(field)).map(show)}
      <details class="options" open={extra.some(({ name }) => Boolean(draft.texts[name]))}>
        <summary class="more">More options</summary>
        {extra.map(show)}
      </details>
      <div class="buttons">
        <button type="submit" disabled={action.busy} aria-busy={action.busy}>
          {submit}
        </button>
        <Outcome action={problem === null ? action : { ...action, problem: problem.text }} />
      </div>
    </form>
  );
}

interface FieldProps {
  readonly id: string;
  readonly field: InputField;
  readonly value: string;
  readonly isInvalid: boolean;
  readonly onChange: (text: string) => void;
}

const INPUTS: Readonly<Record<InputField["kind"], object>> = {
  url: { type: "url", inputMode: "url" },
  text: { type: "text" },
  list: { type: "text" },
  number: { type: "number", min: "1" },
};

function Field({ id, field, value, isInvalid, onChange }: FieldProps) {
  const { label, placeholder, help, isOptional = false } = field;
  return (
    <>
      <label for={id}>
        {label}
        {isOptional && <span class="muted"> (optional)</span>}
      </label>
      <input
        {...INPUTS[field.kind]}
        id={id}
        value={value}
        autocomplete="off"
        placeholder={placeholder}
        aria-invalid={isInvalid ? true : undefined}
        aria-describedby={help === undefined ? undefined : `${id}-help`}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {help !== undefined && <small id={`${id}-help`}>{help}</small>}
    </>
  );
}
