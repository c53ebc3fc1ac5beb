import { useId, useState } from "preact/hooks";
import type { EndpointHeaders } from "../../../src/api/types.ts";
import { changeHeaders, getHeaders } from "../api.ts";
import { useLive } from "../refresh.ts";
import { may } from "../session.ts";
import { Outcome, useAction } from "./action.tsx";
import { CardSection, Read } from "./section.tsx";

/** Shows the custom headers of an endpoint. */
export function HeadersSection({ endpoint }: { endpoint: string }) {
  const headers = useLive(endpoint, (signal) => getHeaders(endpoint, signal));
  return (
    <CardSection
      title="Custom headers"
      about="Sent with every webhook to this endpoint, for example an API key for a gateway."
    >
      <Read of={headers} lines={1}>
        {(known) => <Headers endpoint={endpoint} known={known} />}
      </Read>
    </CardSection>
  );
}

function Headers({ endpoint, known }: { endpoint: string; known: EndpointHeaders }) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const action = useAction();
  const id = useId();
  const canChange = may("v1.endpoint.patch-headers");
  const all = [
    ...Object.entries(known.headers),
    ...known.sensitive.map((name): [string, string | null] => [name, null]),
  ].sort(([a], [b]) => a!.localeCompare(b!)) as [string, string | null][];

  const add = async (event: Event) => {
    event.preventDefault();
    const sent = { [name.trim()]: value };
    if (await action.run(() => changeHeaders(endpoint, sent), `${name.trim()} is now sent with every webhook.`)) {
      setName("");
      setValue("");
    }
  };
  const remove = (removed: string) =>
    action.run(() => changeHeaders(endpoint, { [removed]: null }), `${removed} is no longer sent.`);

  return (
    <>
      {all.length === 0 && <p class="muted small">No custom headers</p>}
      {all.length > 0 && (
        <ul class="header-list">
          {all.map(([name, value]) => (
            <li key={name}>
              <span class="mono header-name">{name}</span>
              {value === null ? (
                <span class="muted small">value hidden</span>
              ) : (
                <span class="mono header-value">{value}</span>
              )}
              {canChange && (
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
      {canChange && (
        <form class="header-form" onSubmit={add} noValidate>
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
