import { useId } from "preact/hooks";
import { type ConfigField, type ConfigValues, controlOf, isRare, isSet, type SourceConfig } from "./config.ts";
import style from "./config-form.module.css";

interface ConfigFormProps {
  readonly fields: readonly ConfigField[];
  readonly values: ConfigValues;
  readonly stored: SourceConfig;
  /** What is wrong with a field, by its name. */
  readonly problems: Readonly<Record<string, string>>;
  onChange(name: string, text: string): void;
}

/** The fields of a source's `config`, labelled with the provider's own words. */
export function ConfigForm(props: ConfigFormProps) {
  const rare = props.fields.filter(isRare);
  const hasProblem = rare.some(({ name }) => props.problems[name] !== undefined);
  return (
    <>
      {props.fields
        .filter((field) => !isRare(field))
        .map((field) => (
          <Field key={field.name} field={field} form={props} />
        ))}
      {rare.length > 0 && (
        <details open={hasProblem}>
          <summary>More options</summary>
          {rare.map((field) => (
            <Field key={field.name} field={field} form={props} />
          ))}
        </details>
      )}
    </>
  );
}

function Field({ field, form }: { field: ConfigField; form: ConfigFormProps }) {
  const id = useId();
  const { name, label, required } = field;
  const problem = form.problems[name];
  const { help } = controlOf(field);
  const isKept = isSet(form.stored, name);
  return (
    <div class={style.field}>
      <label for={id}>
        {label} {!required && <span class="muted">(optional)</span>} <code class="muted">{name}</code>
      </label>
      <Input field={field} form={form} id={id} placeholder={isKept ? "Stored. Leave empty to keep it." : undefined} />
      {help !== undefined && (
        <small id={`${id}-help`} class="muted">
          {help}
        </small>
      )}
      {problem !== undefined && (
        <small id={`${id}-problem`} class={style.problem}>
          {problem}
        </small>
      )}
    </div>
  );
}

interface InputProps {
  readonly field: ConfigField;
  readonly form: ConfigFormProps;
  readonly id: string;
  readonly placeholder: string | undefined;
}

function Input({ field, form, id, placeholder }: InputProps) {
  const { name } = field;
  const control = controlOf(field);
  const problem = form.problems[name];
  const described = [control.help && `${id}-help`, problem !== undefined && `${id}-problem`].filter(Boolean).join(" ");
  const common = {
    id,
    value: form.values[name] ?? "",
    "aria-invalid": problem === undefined ? undefined : ("true" as const),
    "aria-describedby": described || undefined,
  };
  const change = (event: { readonly currentTarget: { readonly value: string } }) =>
    form.onChange(name, event.currentTarget.value);
  const hint = placeholder ?? control.placeholder;
  if (control.kind === "choice") {
    return (
      <select {...common} onChange={change}>
        <option value="">Not chosen</option>
        {control.choices!.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    );
  }
  if (control.kind === "block" || control.kind === "lines" || control.kind === "json") {
    return <textarea {...common} rows={4} class="mono" spellcheck={false} placeholder={hint} onInput={change} />;
  }
  const input = { ...common, spellcheck: false, placeholder: hint, onInput: change };
  if (control.kind === "secret") return <input {...input} type="password" autocomplete="new-password" />;
  return (
    <input {...input} type="text" inputMode={control.kind === "number" ? "numeric" : undefined} autocomplete="off" />
  );
}
