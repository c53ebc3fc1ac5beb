import type { ApplicationOverview } from "../../../src/api/types.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import type { Filter } from "../../kit/parts/filter-bar.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { getCustomers } from "../api/lists.ts";
import { NEW_CUSTOMER, newEndpointLink } from "../links.ts";
import { FilteredList } from "../parts/filtered-list.tsx";

const FILTERS: readonly Filter[] = [{ name: "search", label: "Search", kind: "text", placeholder: "name, UID or ID" }];

const COLUMNS: readonly Column<ApplicationOverview>[] = [
  {
    head: "Customer",
    kind: "title",
    cell: ({ application }) => <a href={newEndpointLink(application.id)}>{application.name}</a>,
  },
  { head: "UID", cell: ({ application }) => <span class="mono muted">{application.uid ?? "–"}</span> },
];

/** Lists the customers, each with a link to the form for a new endpoint. */
export function CustomerChoice() {
  return (
    <FilteredList
      label="customers"
      topics={["applications"]}
      keyOf={({ application }) => application.id}
      filters={FILTERS}
      read={getCustomers}
      empty={(isFiltered) => (
        <Empty title={isFiltered ? "No customer matches" : "No customers yet"}>
          <p>
            {isFiltered
              ? "Search for a part of the name, or for the whole uid or id."
              : "An endpoint belongs to a customer."}
          </p>
          {!isFiltered && (
            <a href={NEW_CUSTOMER} class="button-link">
              New customer
            </a>
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
  );
}
