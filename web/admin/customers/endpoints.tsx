import type { Application, EnvironmentEndpoint, ListOf } from "../../../src/api/types.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { LiveRows } from "../../kit/parts/live-rows.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { getEndpointsOf } from "../api/customers.ts";
import { deadLettersLink, endpointLink, newEndpointLink } from "../links.ts";
import { EndpointState } from "../parts/endpoint-state.tsx";
import { May } from "../parts/may.tsx";
import { useResource } from "../resource.ts";

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
  { head: "State", cell: (endpoint) => <EndpointState of={endpoint} /> },
  { head: "Event types", kind: "extra", cell: ({ eventTypes }) => eventTypes?.join(", ") ?? "all" },
  {
    head: "Dead letters",
    kind: "fit",
    cell: ({ appId, id }) => <a href={deadLettersLink({ app_id: appId, endpoint_id: id })}>Show</a>,
  },
];

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
        <May operation="v1.endpoint.create">
          <a class="button-link" href={newEndpointLink(app)}>
            New endpoint
          </a>
        </May>
      </div>
      <Read of={endpoints} lines={5}>
        {(latest) => (
          <LiveRows<EnvironmentEndpoint, ListOf<EnvironmentEndpoint>>
            key={`${app} ${place.iterator}`}
            latest={latest}
            keyOf={({ id }) => id}
            words={["endpoint", "endpoints"]}
            isFirst={place.number === 1}
          >
            {(page) => (
              <>
                {page.data.length === 0 && page.done && place.number === 1 ? (
                  <Empty title="No endpoints yet">
                    <May operation="v1.endpoint.create">
                      <p>
                        <a href={newEndpointLink(app)}>Create an endpoint</a>, or let the customer add one in the
                        portal.
                      </p>
                    </May>
                  </Empty>
                ) : (
                  <DataTable label="Endpoints" columns={COLUMNS} rows={page.data} keyOf={({ id }) => id} isLinked />
                )}
                <PageButtons of={page} place={place} label="Pages of endpoints" />
              </>
            )}
          </LiveRows>
        )}
      </Read>
    </>
  );
}
