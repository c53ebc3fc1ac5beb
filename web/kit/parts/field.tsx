import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import style from "./field.module.css";

/** What a control must have so that its label, help and problem belong to it. */
export interface ControlProps {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": true | undefined;
}

export interface FieldProps {
  readonly label: string;
  readonly isOptional?: boolean;
  readonly help?: ComponentChildren;
  /** What is wrong with the value, from the form or from the server. */
  readonly problem?: string | null;
  readonly children: (control: ControlProps) => ComponentChildren;
}

/** A labelled control with a help text and a problem. */
export function Field({ label, isOptional = false, help, problem = null, children }: FieldProps) {
  const id = useId();
  const described = [help === undefined ? null : `${id}-help`, problem === null ? null : `${id}-problem`];
  const ids = described.filter((one) => one !== null).join(" ");
  return (
    <div class={style.field}>
      <label for={id}>
        {label}
        {isOptional && <span class="muted"> (optional)</span>}
      </label>
      {children({
        id,
        "aria-describedby": ids === "" ? undefined : ids,
        "aria-invalid": problem === null ? undefined : true,
      })}
      {help !== undefined && (
        <small id={`${id}-help`} class={style.help}>
          {help}
        </small>
      )}
      {problem !== null && (
        <small id={`${id}-problem`} class={style.problem} role="alert">
          {problem}
        </small>
      )}
    </div>
  );
}

/** The attributes of an input that a form may set. */
interface InputProps {
  readonly type?: "text" | "url" | "number" | "search" | "password" | "email" | "datetime-local";
  readonly inputMode?: "text" | "url" | "numeric";
  readonly min?: string;
  readonly max?: string;
  readonly step?: string;
  readonly placeholder?: string;
  readonly required?: boolean;
}

interface TextFieldProps extends Omit<FieldProps, "children"> {
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly input?: InputProps;
  /** Rows of a text area; a one-line input without it. */
  readonly rows?: number;
}

/** A labelled text input. */
export function TextField({ value, onInput, input, rows, ...field }: TextFieldProps) {
  return (
    <Field {...field}>
      {(control) =>
        rows === undefined ? (
          <input
            autocomplete="off"
            spellcheck={false}
            {...(input as object)}
            {...control}
            value={value}
            onInput={(event) => onInput(event.currentTarget.value)}
          />
        ) : (
          <textarea
            class="mono"
            rows={rows}
            spellcheck={false}
            placeholder={input?.placeholder}
            {...control}
            value={value}
            onInput={(event) => onInput(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

interface SelectFieldProps extends Omit<FieldProps, "children"> {
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly onChange: (value: string) => void;
}

/** A labelled choice of one of several values. */
export function SelectField({ value, choices, onChange, ...field }: SelectFieldProps) {
  return (
    <Field {...field}>
      {(control) => (
        <select {...control} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
