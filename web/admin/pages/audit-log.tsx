import type { AuditEntry } from "../../../src/api/types.ts";
import { address } from "../../kit/address.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { type Filter, FilterBar } from "../../kit/parts/filter-bar.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { getAuditLog } from "../api/installation.ts";
import { useLoaded } from "../reload.ts";

const FILTERS: readonly Filter[] = [
  { name: "after", label: "After", kind: "time" },
  { name: "before", label: "Before", kind: "time" },
];

/** Shows who changed what, newest first. */
export function AuditLogPage() {
  const { after, before } = address.value.query;
  // Other filters start at the first page.
  return <Entries key={`${after} ${before}`} after={after} before={before} />;
}

function Entries({ after, before }: { after: string | undefined; before: string | undefined }) {
  const place = usePlace("audit log");
  const [entries, reload] = useLoaded(`${place.iterator}`, (signal) =>
    getAuditLog({ after, before, iterator: place.iterator }, signal),
  );
  return (
    <>
      <PageHead title="Audit log" about="Changes of the configuration, newest first. Entries are kept for 400 days.">
        <button type="button" class="outline" onClick={reload}>
          Reload
        </button>
      </PageHead>
      <FilterBar filters={FILTERS} />
      <Read of={entries}>
        {(page) => (
          <>
            {page.data.length === 0 ? (
              <Empty title="No changes">
                <p>
                  Changes of customers, endpoints, tokens and other settings appear here. Remove filters to see all.
                </p>
              </Empty>
            ) : (
              <DataTable label="Audit log" columns={COLUMNS} rows={page.data} keyOf={({ id }) => id} />
            )}
            <PageButtons of={page} place={place} label="Pages of the audit log" />
          </>
        )}
      </Read>
    </>
  );
}

const COLUMNS: readonly Column<AuditEntry>[] = [
  { head: "When", kind: "fit", cell: ({ timestamp }) => <Instant at={timestamp} /> },
  { head: "Who", cell: ({ actor }) => who(actor) },
  { head: "Operation", cell: ({ action }) => action.replace(/^v1\./, "") },
  { head: "What", cell: ({ subject }) => <Subject of={subject} /> },
  {
    head: "Outcome",
    kind: "fit",
    cell: ({ outcome }) => <Badge tone={outcome === "done" ? "good" : "wait"}>{outcome}</Badge>,
  },
];

const ACTORS: Readonly<Record<string, string>> = {
  root: "root token",
  token: "token",
  jwt: "JWT",
  user: "user",
  command: "command line",
};

function who({ type, name, id }: AuditEntry["actor"]): string {
  const named = name ?? id;
  const kind = ACTORS[type] ?? type;
  return named === null ? kind : `${named} (${kind})`;
}

function Subject({ of }: { of: AuditEntry["subject"] }) {
  return (
    <>
      {Object.entries(of).map(([kind, id]) => (
        <div key={kind} class="small">
          <span class="muted">{kind}</span> <code>{id}</code>
        </div>
      ))}
    </>
  );
}
