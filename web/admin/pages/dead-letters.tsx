import { useState } from "preact/hooks";
import type { DeadLetterGroup } from "../../../src/api/types.ts";
import { address } from "../../kit/address.ts";
import { formatCount } from "../../kit/format.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { type Filter, FilterBar } from "../../kit/parts/filter-bar.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { counted } from "../../kit/words.ts";
import { countRedrivable, drop, getDeadLetterSummary, redrive } from "../api/lists.ts";
import { messagesLink } from "../links.ts";
import { refresh } from "../live.ts";
import { CUSTOMER_FILTER, ENDPOINT_FILTER, EVENT_TYPE_FILTER } from "../parts/choosing.tsx";
import { useResource } from "../resource.ts";

/** Dead letters that a redrive from this page sends per second. */
const RATE = 50;

/** Without times: the actions on a group affect the whole group. */
const FILTERS: readonly Filter[] = [
  { name: "reason", label: "Reason", kind: "text" },
  EVENT_TYPE_FILTER,
  CUSTOMER_FILTER,
  ENDPOINT_FILTER,
];

const COLUMNS: readonly Column<DeadLetterGroup>[] = [
  {
    head: "Customer and endpoint",
    kind: "title",
    cell: ({ appId, appName, url }) => (
      <>
        <a href={messagesLink({ app_id: appId })}>{appName}</a>
        <div class="muted small url">{url}</div>
      </>
    ),
  },
  { head: "Event type", cell: ({ eventType }) => eventType },
  { head: "Reason", kind: "fit", cell: ({ reason }) => reason },
  { head: "Count", kind: "number", cell: ({ count }) => formatCount(count) },
  { head: "First", kind: "extra", cell: ({ firstDeadAt }) => <Instant at={firstDeadAt} /> },
  { head: "Last", kind: "fit", cell: ({ lastDeadAt }) => <Instant at={lastDeadAt} /> },
  { head: "Actions", kind: "actions", cell: (group) => <GroupActions group={group} /> },
];

/** Shows the dead letters in groups, so that one decision can be made for each cause. */
export function DeadLettersPage() {
  const { query } = address.value;
  const own = Object.fromEntries(FILTERS.flatMap(({ name }) => (query[name] ? [[name, query[name]]] : [])));
  const summary = useResource(JSON.stringify(own), (signal) => getDeadLetterSummary(own, signal), ["deadLetters"]);
  return (
    <>
      <PageHead
        title="Dead letters"
        about="Deliveries that have failed for good, grouped by endpoint, event type and reason. A redrive sends them again."
      />
      <FilterBar filters={FILTERS} />
      <Read of={summary} lines={5}>
        {({ total, groups }) =>
          groups.length === 0 ? (
            <Empty title="No dead letters">
              <p>
                Deliveries appear here when they run out of attempts, or when their endpoint responds with 410 or is
                disabled.
              </p>
            </Empty>
          ) : (
            <>
              <p class="muted small">
                {counted(total, "dead letter")} in {counted(groups.length, "group")}
              </p>
              <DataTable label="Groups of dead letters" columns={COLUMNS} rows={groups} keyOf={keyOf} />
            </>
          )
        }
      </Read>
    </>
  );
}

function keyOf({ appId, endpointId, eventType, reason }: DeadLetterGroup): string {
  return [appId, endpointId, eventType, reason].join(" ");
}

function GroupActions({ group }: { group: DeadLetterGroup }) {
  const action = useActionThen(refresh);
  const [redrivable, setRedrivable] = useState<number | null>(null);
  const { appName, url } = group;
  if (redrivable === null) {
    const preview = () => action.run(async () => setRedrivable(await countRedrivable(group)));
    return (
      <div class="buttons">
        <button type="button" class="outline small" disabled={action.busy} onClick={preview}>
          Redrive or drop
        </button>
        <Outcome action={action} />
      </div>
    );
  }
  return (
    <div class="buttons">
      <Confirm
        label={`Redrive ${formatCount(redrivable)}`}
        question={`Send ${counted(redrivable, "dead letter")} of ${appName} to ${url} again, at most ${RATE} per second?`}
        confirm="Redrive"
        action={action}
        onConfirm={() => action.run(() => redrive(group, RATE), "The redrive has started.")}
      />
      <Confirm
        label={`Drop ${formatCount(group.count)}`}
        question={`Drop ${counted(group.count, "dead letter")} of ${appName}? They are not delivered.`}
        confirm="Drop"
        isDestructive={true}
        action={action}
        onConfirm={() => action.run(() => drop(group), "Dropped.")}
      />
      <Outcome action={action} />
    </div>
  );
}
