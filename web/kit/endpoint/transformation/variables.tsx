import { useState } from "preact/hooks";
import { TextField } from "../../parts/field.tsx";
import { SET } from "./model.ts";
import style from "./transformation.module.css";

interface VariablesProps {
  /** Values by name; `SET` for a stored value. */
  readonly of: Readonly<Record<string, string>>;
  readonly problem: string | null;
  /** Null if the user may not change them. */
  readonly onChange: ((variables: Readonly<Record<string, string>>) => void) | null;
}

/** Shows the names of the variables, and sets or removes them. Stored values are never shown. */
export function Variables({ of, problem, onChange }: VariablesProps) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const names = Object.keys(of);
  const set = (event: Event) => {
    event.preventDefault();
    if (name.trim() === "") return;
    onChange?.({ ...of, [name.trim()]: value });
    setName("");
    setValue("");
  };
  const remove = (removed: string) =>
    onChange?.(Object.fromEntries(Object.entries(of).filter(([one]) => one !== removed)));
  return (
    <section class={style.variables} aria-label="Variables">
      <h3>Variables</h3>
      <p class="muted small">
        Texts such as keys, which the code reads as <code>variables.NAME</code>. Stored values are not shown.
      </p>
      {names.length > 0 && (
        <ul>
          {names.map((one) => (
            <li key={one}>
              <code>{one}</code>
              <span class="muted small">{of[one] === SET ? "stored" : "new value, not saved"}</span>
              {onChange !== null && (
                <button type="button" class="quiet small" aria-label={`Remove ${one}`} onClick={() => remove(one)}>
                  Remove
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {names.length === 0 && onChange === null && <p class="small">There are none.</p>}
      {problem !== null && (
        <p class="bad small" role="alert">
          {problem}
        </p>
      )}
      {onChange !== null && (
        <form class={style.variable} onSubmit={set} noValidate>
          <TextField label="Name of a variable" value={name} onInput={setName} />
          <TextField label="Value" value={value} onInput={setValue} input={{ type: "password" }} />
          <button type="submit" class="outline" disabled={name.trim() === ""}>
            Set variable
          </button>
        </form>
      )}
    </section>
  );
}
