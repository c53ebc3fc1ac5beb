import type { DeadLetterGroup } from "../../../src/api/types.ts";
import { formatCount } from "../../kit/format.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { reasonText } from "../../kit/reasons.ts";
import { counted } from "../../kit/words.ts";
import { type EndpointKey, getDeadLetters } from "../api/endpoints.ts";
import { deadLettersLink } from "../links.ts";
import { useResource } from "../resource.ts";

const GROUPS_MAX = 50;

/** Shows the dead letters of an endpoint in groups, each with a link to where they can be sent again. */
export function DeadLetters({ of }: { of: EndpointKey }) {
  const summary = useResource(`${of.app} ${of.endpoint}`, (signal) => getDeadLetters(of, GROUPS_MAX, signal), [
    "deadLetters",
  ]);
  return (
    <Read of={summary} lines={4}>
      {({ total, groupsTotal, groups }) =>
        groups.length === 0 ? (
          <Empty title="No dead letters">
            <p>
              Deliveries to this endpoint appear here when they run out of attempts, or when the endpoint responds with
              410 or is disabled.
            </p>
          </Empty>
        ) : (
          <>
            <p>
              <a href={deadLettersLink({ app_id: of.app, endpoint_id: of.endpoint })}>
                Redrive or drop {counted(total, "dead letter")}
              </a>
              {groups.length < groupsTotal &&
                `. The ${formatCount(groups.length)} largest of ${counted(groupsTotal, "group")} are shown`}
            </p>
            <DataTable
              label="Groups of dead letters"
              columns={COLUMNS}
              rows={groups}
              keyOf={({ eventType, reason }) => `${eventType} ${reason}`}
              isLinked={true}
            />
          </>
        )
      }
    </Read>
  );
}

const COLUMNS: readonly Column<DeadLetterGroup>[] = [
  {
    head: "Event type",
    kind: "title",
    cell: ({ appId, endpointId, eventType, reason }) => (
      <a href={deadLettersLink({ app_id: appId, endpoint_id: endpointId, event_types: eventType, reason })}>
        {eventType}
      </a>
    ),
  },
  { head: "Reason", cell: ({ reason }) => reasonText(reason) },
  { head: "Count", kind: "number", cell: ({ count }) => formatCount(count) },
  { head: "First", kind: "extra", cell: ({ firstDeadAt }) => <Instant at={firstDeadAt} /> },
  { head: "Last", kind: "fit", cell: ({ lastDeadAt }) => <Instant at={lastDeadAt} /> },
];
