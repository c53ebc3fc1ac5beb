import type { ApplicationOverview } from "../../../src/api/types.ts";
import { formatCount } from "../../kit/format.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import type { Filter } from "../../kit/parts/filter-bar.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { getCustomers } from "../api/lists.ts";
import { customerLink, deadLettersLink, endpointsLink, NEW_CUSTOMER } from "../links.ts";
import { FilteredList } from "../parts/filtered-list.tsx";
import { May } from "../parts/may.tsx";

const FILTERS: readonly Filter[] = [
  { name: "search", label: "Search", kind: "text", placeholder: "name, UID or ID" },
  {
    name: "order",
    label: "Order",
    kind: "choice",
    unset: "newest first",
    choices: [{ value: "ascending", label: "oldest first" }],
  },
];

const COLUMNS: readonly Column<ApplicationOverview>[] = [
  {
    head: "Customer",
    kind: "title",
    cell: ({ application }) => (
      <>
        <a href={customerLink(application.id)}>{application.name}</a>
        {application.uid != null && <div class="muted small mono">{application.uid}</div>}
      </>
    ),
  },
  {
    head: "Endpoints",
    kind: "number",
    cell: ({ application, endpoints }) => (
      <a href={endpointsLink({ app_id: application.id })}>{formatCount(endpoints)}</a>
    ),
  },
  {
    head: "Failing",
    kind: "number",
    cell: ({ application, failing }) =>
      failing === 0 ? (
        <span class="muted">0</span>
      ) : (
        <a class="bad" href={endpointsLink({ app_id: application.id, state: "failing" })}>
          {formatCount(failing)}
        </a>
      ),
  },
  {
    head: "Dead letters",
    kind: "number",
    cell: ({ application, dead }) =>
      dead === 0 ? (
        <span class="muted">0</span>
      ) : (
        <a class="bad" href={deadLettersLink({ app_id: application.id })}>
          {formatCount(dead)}
        </a>
      ),
  },
  {
    head: "Last message",
    kind: "fit",
    cell: ({ lastMessageAt }) =>
      lastMessageAt === null ? <span class="muted">none</span> : <Instant at={lastMessageAt} />,
  },
];

/** Lists the customers (applications) with what needs attention. */
export function CustomersPage() {
  return (
    <>
      <PageHead title="Customers" about="Messages are sent to a customer and delivered to its endpoints.">
        <May operation="v1.application.create">
          <a class="button-link" href={NEW_CUSTOMER}>
            New customer
          </a>
        </May>
      </PageHead>
      <FilteredList
        label="customers"
        topics={["applications", "endpoints", "messages", "deadLetters"]}
        filters={FILTERS}
        read={getCustomers}
        keyOf={({ application }) => application.id}
        empty={(isFiltered) => (
          <Empty title={isFiltered ? "No customer matches" : "No customers yet"}>
            {isFiltered ? (
              <p>Search for a part of the name, or for the whole uid or id.</p>
            ) : (
              <May operation="v1.application.create">
                <p>
                  <a href={NEW_CUSTOMER}>Create a customer</a> for each receiver of your webhooks. Its endpoints,
                  messages and tokens belong to it alone.
                </p>
              </May>
            )}
          </Empty>
        )}
      >
        {(rows) => (
          <DataTable
            label="Customers"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ application }) => application.id}
            isLinked={true}
          />
        )}
      </FilteredList>
    </>
  );
}
