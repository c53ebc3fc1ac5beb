import { useId, useState } from "preact/hooks";
import type { EndpointHeaders } from "../../../src/api/types.ts";
import { Outcome, useActionThen } from "../parts/action.tsx";
import { CardSection, Read } from "../parts/section.tsx";
import type { Resource } from "../reading.ts";
import style from "./headers.module.css";

interface HeadersProps {
  readonly headers: Resource<EndpointHeaders>;
  /** Changes headers; a null value removes one. Null if the user may not change them. */
  readonly change: ((headers: Readonly<Record<string, string | null>>) => Promise<unknown>) | null;
  /** Called after each change. */
  readonly onChange: () => void;
}

/** Shows the custom headers of an endpoint. */
export function HeadersSection({ headers, change, onChange }: HeadersProps) {
  return (
    <CardSection
      title="Custom headers"
      about="Sent with every webhook to this endpoint, for example an API key for a gateway."
    >
      <Read of={headers} lines={1}>
        {(known) => <Headers known={known} change={change} onChange={onChange} />}
      </Read>
    </CardSection>
  );
}

function Headers({ known, change, onChange }: Omit<HeadersProps, "headers"> & { readonly known: EndpointHeaders }) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const action = useActionThen(onChange);
  const id = useId();
  const all = [
    ...Object.entries(known.headers),
    ...known.sensitive.map((name): [string, string | null] => [name, null]),
  ].sort(([a], [b]) => a!.localeCompare(b!)) as [string, string | null][];

  const add = async (event: Event) => {
    event.preventDefault();
    const sent = { [name.trim()]: value };
    if (await action.run(() => change!(sent), `${name.trim()} is now sent with every webhook.`)) {
      setName("");
      setValue("");
    }
  };
  const remove = (removed: string) => action.run(() => change!({ [removed]: null }), `${removed} is no longer sent.`);

  return (
    <>
      {all.length === 0 && <p class="muted small">No custom headers</p>}
      {all.length > 0 && (
        <ul class={style.list}>
          {all.map(([name, value]) => (
            <li key={name}>
              <span class={`mono ${style.name}`}>{name}</span>
              {value === null ? (
                <span class="muted small">value hidden</span>
              ) : (
                <span class={`mono ${style.value}`}>{value}</span>
              )}
              {change !== null && (
                <button
                  type="button"
                  class="quiet"
                  aria-label={`Remove ${name}`}
                  disabled={action.busy}
                  onClick={() => remove(name)}
                >
                  Remove
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {change !== null && (
        <form class={style.form} onSubmit={add} noValidate>
          <div>
            <label for={`${id}-name`}>Name</label>
            <input
              id={`${id}-name`}
              type="text"
              autocomplete="off"
              placeholder="X-Example"
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </div>
          <div>
            <label for={`${id}-value`}>Value</label>
            <input
              id={`${id}-value`}
              type="text"
              autocomplete="off"
              value={value}
              onInput={(event) => setValue(event.currentTarget.value)}
            />
          </div>
          <button type="submit" class="outline" disabled={action.busy || name.trim() === ""}>
            Add header
          </button>
        </form>
      )}
      <Outcome action={action} />
    </>
  );
}
