import type { EnvironmentEndpoint } from "../../../src/api/types.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import type { Filter } from "../../kit/parts/filter-bar.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { DISABLED_CAUSE_NAMES, REASONS } from "../../kit/reasons.ts";
import { getEndpoints } from "../api/lists.ts";
import { customerLink, deadLettersLink, endpointLink, newEndpointLink } from "../links.ts";
import { CUSTOMER_FILTER } from "../parts/choosing.tsx";
import { EndpointState } from "../parts/endpoint-state.tsx";
import { FilteredList } from "../parts/filtered-list.tsx";
import { May } from "../parts/may.tsx";

type State = EnvironmentEndpoint["state"];

const STATES: readonly State[] = ["healthy", "failing", "disabled", "paused"];

/** The reasons of attempts. Only deliveries fail because their endpoint is disabled. */
const FAILURES = Object.entries(REASONS).filter(([reason]) => reason !== "disabled");

const FILTERS: readonly Filter[] = [
  {
    name: "state",
    label: "State",
    kind: "choice",
    choices: STATES.map((state) => ({ value: state, label: state })),
  },
  {
    name: "reason",
    label: "Latest failure",
    kind: "choice",
    choices: FAILURES.map(([value, label]) => ({ value, label })),
  },
  {
    name: "disabled_cause",
    label: "Disabled",
    kind: "choice",
    choices: Object.entries(DISABLED_CAUSE_NAMES).map(([value, label]) => ({ value, label })),
  },
  { name: "api_version", label: "Payload version", kind: "text", placeholder: "the exact name" },
  { name: "url", label: "URL", kind: "text", placeholder: "part of the URL" },
  CUSTOMER_FILTER,
];

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
  { head: "Customer", cell: ({ appId, appName }) => <a href={customerLink(appId)}>{appName}</a> },
  { head: "State", cell: (endpoint) => <EndpointState of={endpoint} /> },
  {
    head: "Dead letters",
    kind: "fit",
    cell: ({ appId, id }) => <a href={deadLettersLink({ app_id: appId, endpoint_id: id })}>Show</a>,
  },
];

/** Lists the endpoints of all customers, newest first. */
export function EndpointsPage() {
  return (
    <>
      <PageHead title="Endpoints" about="The URLs to which messages are delivered, over all customers.">
        <May operation="v1.endpoint.create">
          <a class="button-link" href={newEndpointLink(null)}>
            New endpoint
          </a>
        </May>
      </PageHead>
      <FilteredList
        label="endpoints"
        topics={["endpoints"]}
        filters={FILTERS}
        read={getEndpoints}
        empty={(isFiltered) => (
          <Empty title={isFiltered ? "No endpoint matches" : "No endpoints yet"}>
            <p>
              {isFiltered
                ? "Change or clear the filters."
                : "Add the URL of a customer's server, or let customers add endpoints in the portal."}
            </p>
            {!isFiltered && (
              <May operation="v1.endpoint.create">
                <a class="button-link" href={newEndpointLink(null)}>
                  New endpoint
                </a>
              </May>
            )}
          </Empty>
        )}
      >
        {(rows) => <DataTable label="Endpoints" columns={COLUMNS} rows={rows} keyOf={({ id }) => id} />}
      </FilteredList>
    </>
  );
}
