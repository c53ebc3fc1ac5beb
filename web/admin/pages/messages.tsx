import type { EnvironmentMessage } from "../../../src/api/types.ts";
import { address } from "../../kit/address.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import type { Filter } from "../../kit/parts/filter-bar.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { counted } from "../../kit/words.ts";
import { getMessages } from "../api/lists.ts";
import { messageLink, sendLink } from "../links.ts";
import { overview } from "../live.ts";
import { DeliveryBadges } from "../messages/delivery-badges.tsx";
import { CUSTOMER_FILTER, EVENT_TYPE_FILTER } from "../parts/choosing.tsx";
import { FilteredList } from "../parts/filtered-list.tsx";
import { May } from "../parts/may.tsx";

const STATES = ["pending", "delivered", "dead"] as const;

const FILTERS: readonly Filter[] = [
  CUSTOMER_FILTER,
  {
    name: "state",
    label: "State",
    kind: "choice",
    choices: STATES.map((state) => ({ value: state, label: state })),
  },
  EVENT_TYPE_FILTER,
  { name: "event_id", label: "Event ID", kind: "text" },
  { name: "channel", label: "Channel", kind: "text" },
  { name: "tag", label: "Tag", kind: "text" },
  { name: "text", label: "Text in the payload", kind: "text" },
  { name: "after", label: "After", kind: "time" },
  { name: "before", label: "Before", kind: "time" },
];

const COLUMNS: readonly Column<EnvironmentMessage>[] = [
  { head: "Time", kind: "fit", cell: ({ timestamp }) => <Instant at={timestamp} /> },
  {
    head: "Event type",
    kind: "title",
    cell: ({ appId, id, eventType }) => <a href={messageLink(appId, id)}>{eventType}</a>,
  },
  { head: "Customer", cell: ({ appName }) => appName },
  { head: "Event ID", kind: "extra", cell: ({ eventId }) => eventId ?? <span class="muted">–</span> },
  { head: "Deliveries", cell: ({ deliveries }) => <DeliveryBadges counts={deliveries} /> },
];

interface PendingDeliveriesProps {
  /** Number of messages on this page. */
  readonly messages: number;
  /** Whether the page has all messages that match. */
  readonly isWhole: boolean;
}

/** Counts the pending deliveries of the listed messages, as the overview does, while all of those are listed. */
function PendingDeliveries({ messages, isWhole }: PendingDeliveriesProps) {
  const { query } = address.value;
  const chosen = FILTERS.filter(({ name }) => query[name] !== undefined);
  const pending = overview.value?.pending;
  if (chosen.length !== 1 || query.state !== "pending" || pending === undefined) return null;
  const deliveries = counted(pending, "pending delivery", "pending deliveries");
  return (
    <p class="muted small">
      {isWhole
        ? `${deliveries} of ${counted(messages, "message")}`
        : `${deliveries} in all; this page has ${counted(messages, "message")}`}
    </p>
  );
}

/** Lists the messages of all customers, newest first. */
export function MessagesPage() {
  return (
    <>
      <PageHead title="Messages" about="Everything that was accepted, over all customers.">
        <May operation="v1.message.create">
          <a class="button-link" href={sendLink({ app: address.value.query.app_id })}>
            Send a message
          </a>
        </May>
      </PageHead>
      <FilteredList
        label="messages"
        topics={["messages", "deliveries"]}
        filters={FILTERS}
        read={getMessages}
        empty={(isFiltered) => (
          <Empty title={isFiltered ? "No message matches" : "No messages yet"}>
            {isFiltered ? (
              <p>Change or clear the filters.</p>
            ) : (
              <May operation="v1.message.create">
                <p>
                  <a href={sendLink()}>Send a message</a> to see it here, with its deliveries.
                </p>
              </May>
            )}
          </Empty>
        )}
      >
        {(rows, isWhole) => (
          <>
            <PendingDeliveries messages={rows.length} isWhole={isWhole} />
            <DataTable label="Messages" columns={COLUMNS} rows={rows} keyOf={({ id }) => id} isLinked={true} />
          </>
        )}
      </FilteredList>
    </>
  );
}
