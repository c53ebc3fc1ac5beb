import { useRef } from "preact/hooks";
import type { AuditEntry } from "../../../src/api/types.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import type { Filter } from "../../kit/parts/filter-bar.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { getAuditLog } from "../api/installation.ts";
import { Entry } from "../audit-log/entry.tsx";
import { CUSTOMER_FILTER } from "../parts/choosing.tsx";
import { LoadedList } from "../parts/loaded-list.tsx";

/** Parts of the ids of operations. */
const ACTIONS = [
  { value: "application", label: "customers" },
  { value: "v1.endpoint", label: "endpoints" },
  { value: "event-type", label: "event types" },
  { value: "ingest", label: "sources" },
  { value: "message", label: "messages" },
  { value: "dead-letter", label: "dead letters" },
  { value: "token", label: "tokens" },
  { value: "session", label: "sessions" },
  { value: "environment", label: "environments" },
  { value: "operational-webhook", label: "operational webhooks" },
  { value: "delete", label: "deletions" },
];

const FILTERS: readonly Filter[] = [
  { name: "actor", label: "Who", kind: "text", placeholder: "name or ID" },
  { name: "action", label: "What", kind: "choice", choices: ACTIONS },
  CUSTOMER_FILTER,
  { name: "after", label: "After", kind: "time" },
  { name: "before", label: "Before", kind: "time" },
  { name: "text", label: "Contains", kind: "text", placeholder: "operation, name or ID" },
];

/** Shows who changed what, newest first. */
export function AuditLogPage() {
  const reload = useRef<(() => void) | null>(null);
  return (
    <>
      <PageHead
        title="Audit log"
        about="Who changed what, newest first. Sent messages are not listed. Entries are kept for 400 days."
      >
        <button type="button" class="outline" onClick={() => reload.current?.()}>
          Reload
        </button>
      </PageHead>
      <LoadedList<AuditEntry>
        label="changes"
        filters={FILTERS}
        read={(filters, iterator, signal) => getAuditLog({ ...filters, iterator }, signal)}
        reloadRef={reload}
        empty={(isFiltered) => <NoChanges isFiltered={isFiltered} />}
      >
        {(entries) => <DataTable label="Audit log" columns={COLUMNS} rows={entries} keyOf={({ id }) => id} />}
      </LoadedList>
    </>
  );
}

function NoChanges({ isFiltered }: { isFiltered: boolean }) {
  return (
    <Empty title={isFiltered ? "No change matches" : "No changes"}>
      <p>
        {isFiltered
          ? "Change or clear the filters."
          : "Changes of customers, endpoints, tokens and other settings appear here."}
      </p>
    </Empty>
  );
}

const COLUMNS: readonly Column<AuditEntry>[] = [
  { head: "When", kind: "fit", cell: ({ timestamp }) => <Instant at={timestamp} /> },
  { head: "What happened", cell: (entry) => <Entry of={entry} /> },
  {
    head: "Operation",
    kind: "extra",
    cell: ({ action }) => <code class="small">{action.replace(/^v1\.(management\.)?/, "")}</code>,
  },
];
