import { useState } from "preact/hooks";
import type { OperationalEndpoint } from "../../../src/api/types.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Badge } from "../../kit/parts/badge.tsx";
import { Code } from "../../kit/parts/code.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Fact } from "../../kit/parts/fact.tsx";
import { TextField } from "../../kit/parts/field.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { CardSection, Read } from "../../kit/parts/section.tsx";
import {
  createOperationalEndpoint,
  deleteOperationalEndpoint,
  getOperationalEndpoint,
  getOperationalEndpoints,
  getOperationalSecret,
} from "../api/installation.ts";
import { OPERATIONAL_WEBHOOKS, operationalEndpointLink } from "../links.ts";
import { useLoaded } from "../reload.ts";

/** Shows the endpoints that get events about this environment. */
export function OperationalWebhooksPage() {
  const place = usePlace("operational webhooks");
  const [endpoints, reload] = useLoaded(`${place.iterator}`, (signal) =>
    getOperationalEndpoints(place.iterator, signal),
  );
  return (
    <>
      <PageHead
        title="Operational webhooks"
        about="Your own endpoints that receive an event when a customer's endpoint fails or a backlog grows."
      />
      <Creation onCreate={reload} />
      <Read of={endpoints}>
        {(page) => (
          <>
            {page.data.length === 0 ? (
              <Empty title="No operational webhooks yet">
                <p>Add the URL of your alerting above.</p>
              </Empty>
            ) : (
              <DataTable label="Endpoints" columns={COLUMNS} rows={page.data} keyOf={({ id }) => id} isLinked />
            )}
            <PageButtons of={page} place={place} label="Pages of operational webhooks" />
          </>
        )}
      </Read>
    </>
  );
}

const COLUMNS: readonly Column<OperationalEndpoint>[] = [
  { head: "URL", kind: "title", cell: ({ id, url }) => <a href={operationalEndpointLink(id)}>{url}</a> },
  { head: "Event types", cell: ({ filterTypes }) => filterTypes?.join(", ") ?? "all" },
  { head: "State", kind: "fit", cell: (endpoint) => <State of={endpoint} /> },
];

function State({ of: { disabled, failingSince } }: { of: OperationalEndpoint }) {
  if (disabled) return <Badge tone="idle">disabled</Badge>;
  return failingSince === null ? <Badge tone="good">enabled</Badge> : <Badge tone="bad">failing</Badge>;
}

function Creation({ onCreate }: { onCreate: () => void }) {
  const [url, setUrl] = useState("");
  const [types, setTypes] = useState("");
  const action = useActionThen(onCreate);
  const submit = async (event: Event) => {
    event.preventDefault();
    const filterTypes = types.split(/[\s,]+/).filter((type) => type !== "");
    const sent = { url: url.trim(), filterTypes: filterTypes.length === 0 ? null : filterTypes };
    if (await action.run(() => createOperationalEndpoint(sent), "The endpoint is added.")) setUrl("");
  };
  return (
    <CardSection title="New operational webhook">
      <form onSubmit={submit} noValidate>
        <TextField label="URL" value={url} onInput={setUrl} input={{ inputMode: "url" }} />
        <TextField
          label="Event types"
          isOptional
          value={types}
          onInput={setTypes}
          help="Such as endpoint.disabled, boathook.backlog.growing. Empty means all."
        />
        <div class="buttons">
          <button type="submit" disabled={action.busy || url.trim() === ""}>
            Add endpoint
          </button>
          <Outcome action={action} />
        </div>
      </form>
    </CardSection>
  );
}

export function OperationalEndpointPage({ endpoint }: { endpoint: string }) {
  const [loaded] = useLoaded(endpoint, (signal) => getOperationalEndpoint(endpoint, signal));
  return (
    <>
      <PageHead title="Operational webhook" above={[{ title: "Operational webhooks", href: OPERATIONAL_WEBHOOKS }]} />
      <Read of={loaded}>{(one) => <Details of={one} />}</Read>
    </>
  );
}

function Details({ of }: { of: OperationalEndpoint }) {
  const [secret, setSecret] = useState<string | null>(null);
  const action = useActionThen(null);
  const reveal = () => action.run(async () => setSecret((await getOperationalSecret(of.id)).key));
  const remove = async () => {
    if (await action.run(() => deleteOperationalEndpoint(of.id))) location.hash = OPERATIONAL_WEBHOOKS;
  };
  return (
    <>
      <Code copy={of.url}>{of.url}</Code>
      <dl class="facts">
        <Fact name="State">
          <State of={of} />
        </Fact>
        <Fact name="Event types">{of.filterTypes?.join(", ") ?? "all"}</Fact>
        <Fact name="Created">
          <Instant at={of.createdAt} />
        </Fact>
      </dl>
      {secret !== null && <Code copy={secret}>{secret}</Code>}
      <div class="buttons">
        {secret === null && (
          <button type="button" class="outline" disabled={action.busy} onClick={reveal}>
            Show secret
          </button>
        )}
        <Confirm
          label="Delete"
          question="Delete 1 operational webhook? It receives no more events, and its pending deliveries are cancelled."
          confirm="Delete endpoint"
          isDestructive
          action={action}
          onConfirm={remove}
        />
        <Outcome action={action} />
      </div>
    </>
  );
}
