import type { Application, EnvironmentEndpoint } from "../../../src/api/types.ts";
import { Badge, type Tone } from "../../kit/parts/badge.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { DISABLED_CAUSES } from "../../kit/reasons.ts";
import { getEndpointsOf } from "../api/customers.ts";
import { deadLettersLink, endpointLink, newEndpointLink } from "../links.ts";
import { useResource } from "../resource.ts";

const TONES: Readonly<Record<EnvironmentEndpoint["state"], Tone>> = {
  healthy: "good",
  failing: "bad",
  disabled: "bad",
  paused: "wait",
};

const COLUMNS: readonly Column<EnvironmentEndpoint>[] = [
  {
    head: "Endpoint",
    kind: "title",
    cell: ({ appId, id, url, description }) => (
      <>
        <a class="url" href={endpointLink(appId, id)}>
          {url}
        </a>
        {description !== "" && <div class="muted small">{description}</div>}
      </>
    ),
  },
  { head: "State", cell: (endpoint) => <State endpoint={endpoint} /> },
  { head: "Event types", kind: "extra", cell: ({ eventTypes }) => eventTypes?.join(", ") ?? "all" },
  {
    head: "Dead letters",
    kind: "fit",
    cell: ({ appId, id }) => <a href={deadLettersLink({ app_id: appId, endpoint_id: id })}>Show</a>,
  },
];

function State({ endpoint: { state, disabledAt, disabledCause, failingSince } }: { endpoint: EnvironmentEndpoint }) {
  const since = state === "disabled" ? disabledAt : state === "failing" ? failingSince : null;
  return (
    <div>
      <Badge tone={TONES[state]}>{state}</Badge>
      {since !== null && (
        <div class="muted small">
          since <Instant at={since} />
          {state === "disabled" && disabledCause !== null && ` ${DISABLED_CAUSES[disabledCause]}`}
        </div>
      )}
    </div>
  );
}

/** Lists the endpoints of a customer, newest first. */
export function CustomerEndpoints({ customer: { id: app } }: { customer: Application }) {
  const place = usePlace();
  const endpoints = useResource(`${app} ${place.iterator}`, (signal) => getEndpointsOf(app, place.iterator, signal), [
    app,
    "endpoints",
  ]);
  return (
    <>
      <div class="section-head">
        <h2>Endpoints</h2>
        <a class="button-link" href={newEndpointLink(app)}>
          New endpoint
        </a>
      </div>
      <Read of={endpoints} lines={5}>
        {(page) => (
          <>
            {page.data.length === 0 && page.done && place.number === 1 ? (
              <Empty title="No endpoints yet">
                <p>
                  <a href={newEndpointLink(app)}>Create an endpoint</a>, or let the customer add one in the portal.
                </p>
              </Empty>
            ) : (
              <DataTable label="Endpoints" columns={COLUMNS} rows={page.data} keyOf={({ id }) => id} isLinked />
            )}
            <PageButtons of={page} place={place} label="Pages of endpoints" />
          </>
        )}
      </Read>
    </>
  );
}
