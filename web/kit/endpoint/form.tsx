import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { EndpointChange, EndpointCreation, PayloadVersionSummary } from "../../../src/api/types.ts";
import { useFocusOnProblem } from "../focus.ts";
import { type Action, Outcome } from "../parts/action.tsx";
import { CodeField } from "../parts/code-field.tsx";
import { SelectField, TextField } from "../parts/field.tsx";
import { type Problems, problemsOf, remainingProblem } from "../problems.ts";
import {
  changeOf,
  creationOf,
  type Draft,
  type DraftProblem,
  delaysOf,
  draftOf,
  type EditedEndpoint,
  isFunction,
  problemOf,
} from "./draft.ts";
import { EventTypePicker, type ReadEventTypes } from "./event-type-picker.tsx";
import type { EndpointField, EndpointFields, InputField } from "./fields.ts";
import style from "./form.module.css";
import { scheduleWords } from "./schedule.ts";
import { VersionChoice } from "./version.tsx";

interface CommonProps {
  /** The fields that the form shows. */
  readonly fields: EndpointFields;
  readonly action: Action;
  readonly readEventTypes: ReadEventTypes;
  /** The delays that an empty retry schedule means; null if they are not known. */
  readonly defaultDelays?: readonly string[] | null;
  /** The payload versions, newest first; null if they are not known. */
  readonly versions?: readonly PayloadVersionSummary[] | null;
  /** Whether the fields that are used less often are shown at once. */
  readonly isOpen?: boolean;
}

interface FormProps extends CommonProps {
  readonly initial: Draft;
  readonly isNew: boolean;
  readonly submit: string;
  /** Sends the draft. Resolves with whether the request succeeded. */
  readonly onSubmit: (draft: Draft, saved: Draft) => Promise<boolean>;
  /** More fields, above the button. The names are those of the problems that they show. */
  readonly more?: { readonly names: readonly string[]; readonly show: (problems: Problems) => ComponentChildren };
}

interface ChangeProps extends CommonProps {
  readonly endpoint: EditedEndpoint;
  readonly onSubmit: (change: EndpointChange) => Promise<boolean>;
}

interface CreationProps extends CommonProps, Pick<FormProps, "more"> {
  readonly onSubmit: (endpoint: EndpointCreation) => Promise<boolean>;
}

export function ChangeEndpointForm({ endpoint, onSubmit, ...common }: ChangeProps) {
  const { fields } = common;
  const submit = (draft: Draft, saved: Draft) => onSubmit(changeOf(fields, draft, saved));
  return <EndpointForm {...common} initial={draftOf(fields, endpoint)} isNew={false} submit="Save" onSubmit={submit} />;
}

export function CreateEndpointForm({ onSubmit, ...common }: CreationProps) {
  const { fields } = common;
  const submit = (draft: Draft) => onSubmit(creationOf(fields, draft));
  return <EndpointForm {...common} initial={draftOf(fields, null)} isNew submit="Add endpoint" onSubmit={submit} />;
}

/**
 * Whether the field is hidden until the user asks for more, because many endpoints leave it empty.
 */
const isExtra = ({ kind }: EndpointField) => !["url", "function", "text", "event types"].includes(kind);

function EndpointForm(props: FormProps) {
  const { fields, initial, action, submit, onSubmit, more, isOpen = false } = props;
  const [draft, setDraft] = useState(initial);
  /**
   * The content of the form when it was opened or last saved. Others may have changed the endpoint
   * since then.
   */
  const [saved, setSaved] = useState(draft);
  const [problem, setProblem] = useState<DraftProblem | null>(null);
  /** Whether the form was edited since it was sent, so that problems of the sent values may be outdated. */
  const [isEdited, setEdited] = useState(false);
  const problems: Problems =
    problem !== null ? { [problem.name]: problem.text } : isEdited ? {} : problemsOf(action.error);
  const form = useFocusOnProblem(Object.keys(problems).join(" "));
  const set = (change: Partial<Draft>) => {
    setProblem(null);
    setEdited(true);
    setDraft({ ...draft, ...change });
  };

  const send = async (event: Event) => {
    event.preventDefault();
    const found = problemOf(fields, draft);
    setProblem(found);
    setEdited(false);
    if (found === null && (await onSubmit(draft, saved))) setSaved(draft);
  };

  const show = (field: EndpointField) => (
    <FormField key={field.name} {...props} field={field} draft={draft} saved={saved} problems={problems} set={set} />
  );
  const extra = fields.filter(isExtra);
  const [isShown, setShown] = useState(() => isOpen || extra.some((field) => isSet(field, initial)));
  const shownNames = [...extra.map(({ name }) => name), ...(more?.names ?? [])];
  const mustShow = shownNames.some((name) => name in problems);
  useEffect(() => {
    if (mustShow) setShown(true);
  }, [mustShow]);
  const names = [...fields.map(({ name }) => name), ...(more?.names ?? [])];
  const remaining = problem === null ? remainingProblem(action.error, names) : "Correct the marked field.";

  return (
    <form class={style.form} onSubmit={send} noValidate ref={form}>
      {fields.filter((field) => !isExtra(field)).map(show)}
      {shownNames.length > 0 && (
        <details
          class={style.options}
          open={isShown || mustShow}
          onToggle={(event) => setShown(event.currentTarget.open)}
        >
          <summary class={style.more}>More options</summary>
          {extra.map(show)}
          {more?.show(problems)}
        </details>
      )}
      <div class="buttons">
        <button type="submit" disabled={action.busy} aria-busy={action.busy}>
          {submit}
        </button>
        <Outcome action={{ ...action, problem: remaining }} />
      </div>
    </form>
  );
}

function isSet(field: EndpointField, { texts }: Draft): boolean {
  const text = texts[field.name] ?? "";
  return field.kind === "choice" ? text !== field.choices[0]!.value : text !== "";
}

interface FieldProps extends CommonProps, Pick<FormProps, "isNew"> {
  readonly field: EndpointField;
  readonly draft: Draft;
  readonly saved: Draft;
  readonly problems: Problems;
  readonly set: (change: Partial<Draft>) => void;
}

const INPUTS: Partial<Readonly<Record<InputField["kind"], object>>> = {
  url: { type: "url", inputMode: "url" },
  number: { type: "text", inputMode: "numeric" },
};
const PAIRS_ROWS = 4;
const CODE_ROWS = 12;

/** The code and the secrets of a function. */
function FunctionInputs({ label, help, draft, problem, set }: Pick<FieldProps, "draft" | "set"> & FunctionLabels) {
  return (
    <>
      <CodeField
        label={label}
        {...(help !== undefined && { help })}
        problem={problem}
        rows={CODE_ROWS}
        value={draft.texts.function ?? ""}
        onInput={(code) => set({ texts: { ...draft.texts, function: code } })}
      />
      <TextField
        label="Secrets of the function"
        isOptional
        help='A JSON object, such as {"TOKEN": "…"}. Stored values are shown as [set].'
        value={draft.secrets}
        onInput={(secrets) => set({ secrets })}
        rows={PAIRS_ROWS}
      />
    </>
  );
}

interface FunctionLabels extends Pick<InputField, "label" | "help"> {
  readonly problem: string | null;
}

function FormField(props: FieldProps) {
  const { field, draft, problems, set, readEventTypes, defaultDelays, versions = null } = props;
  const problem = problems[field.name] ?? null;
  if (field.kind === "event types") {
    return (
      <EventTypePicker
        read={readEventTypes}
        problem={problem}
        value={draft.eventTypes}
        onChange={(eventTypes) => set({ eventTypes })}
      />
    );
  }
  if (field.kind === "function") {
    return isFunction(draft) ? <FunctionInputs {...field} draft={draft} problem={problem} set={set} /> : null;
  }
  const value = draft.texts[field.name] ?? "";
  const change = (text: string) => set({ texts: { ...draft.texts, [field.name]: text } });
  const { label, placeholder, isOptional = false } = field;
  if (field.name === "apiVersion" && versions !== null) {
    const pinned = props.isNew ? undefined : props.saved.texts.apiVersion || null;
    return <VersionChoice {...{ versions, pinned, problem, value }} label={field.label} onChange={change} />;
  }
  if (field.kind === "choice") {
    return <SelectField label={label} problem={problem} value={value} choices={field.choices} onChange={change} />;
  }
  const help = field.kind === "delays" ? delaysHelp(value, defaultDelays ?? null) : field.help;
  return (
    <TextField
      label={label}
      isOptional={isOptional}
      {...(help !== undefined && { help })}
      problem={problem}
      value={value}
      onInput={change}
      input={{ ...INPUTS[field.kind], ...(placeholder !== undefined && { placeholder }) }}
      {...(field.kind === "pairs" && { rows: PAIRS_ROWS })}
    />
  );
}

/** Explains how to write a retry schedule, and what the present one means. */
function delaysHelp(text: string, defaultDelays: readonly string[] | null): string {
  const own = delaysOf(text);
  const words = own === null ? defaultDelays && scheduleWords(defaultDelays) : scheduleWords(own);
  const meaning = words === null ? "" : own === null ? `Server default: ${words} ` : `${words} `;
  return `${meaning}Separate delays with commas, such as 5s, 5m, 2h, or enter none. Leave empty for the server's default.`;
}
