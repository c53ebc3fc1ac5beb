import type { Application, DeadLetterGroup } from "../../../src/api/types.ts";
import { formatCount } from "../../kit/format.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { LiveRows } from "../../kit/parts/live-rows.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { reasonText } from "../../kit/reasons.ts";
import { counted } from "../../kit/words.ts";
import { getDeadLetters } from "../api/customers.ts";
import { deadLettersLink } from "../links.ts";
import { useResource } from "../resource.ts";

const COLUMNS: readonly Column<DeadLetterGroup>[] = [
  {
    head: "Endpoint",
    kind: "title",
    cell: ({ appId, endpointId, eventType, reason, url }) => (
      <a class="url" href={deadLettersLink({ app_id: appId, endpoint_id: endpointId, event_types: eventType, reason })}>
        {url}
      </a>
    ),
  },
  { head: "Event type", cell: ({ eventType }) => eventType },
  { head: "Reason", kind: "fit", cell: ({ reason }) => reasonText(reason) },
  { head: "Count", kind: "number", cell: ({ count }) => formatCount(count) },
  { head: "First", kind: "extra", cell: ({ firstDeadAt }) => <Instant at={firstDeadAt} /> },
  { head: "Last", kind: "fit", cell: ({ lastDeadAt }) => <Instant at={lastDeadAt} /> },
];

/** Shows the dead letters of a customer in groups. The page of dead letters acts on them. */
export function CustomerDeadLetters({ customer: { id: app } }: { customer: Application }) {
  const summary = useResource(app, (signal) => getDeadLetters(app, signal), [app, "deadLetters"]);
  return (
    <>
      <div class="section-head">
        <h2>Dead letters</h2>
        <a href={deadLettersLink({ app_id: app })}>Redrive or drop</a>
      </div>
      <Read of={summary} lines={5}>
        {({ total, groupsTotal, groups }) =>
          groups.length === 0 ? (
            <Empty title="No dead letters">
              <p>Deliveries appear here when they have failed for good.</p>
            </Empty>
          ) : (
            <>
              <p class="muted small">
                {counted(total, "dead letter")} in {counted(groupsTotal, "group")}
                {groups.length < groupsTotal && `. The ${formatCount(groups.length)} largest are shown`}
              </p>
              <LiveRows key={app} latest={{ data: groups }} keyOf={keyOf} words={["group", "groups"]}>
                {({ data }) => (
                  <DataTable label="Groups of dead letters" columns={COLUMNS} rows={data} keyOf={keyOf} isLinked />
                )}
              </LiveRows>
            </>
          )
        }
      </Read>
    </>
  );
}

function keyOf({ endpointId, eventType, reason }: DeadLetterGroup): string {
  return [endpointId, eventType, reason].join(" ");
}
