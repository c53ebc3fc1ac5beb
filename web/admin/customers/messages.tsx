import type { Application, EnvironmentMessage, ListOf } from "../../../src/api/types.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { LiveRows } from "../../kit/parts/live-rows.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { getLatestMessages } from "../api/customers.ts";
import { messageLink, messagesLink, sendLink } from "../links.ts";
import { DeliveryBadges } from "../messages/delivery-badges.tsx";
import { May } from "../parts/may.tsx";
import { useResource } from "../resource.ts";

const SHOWN = 20;

const COLUMNS: readonly Column<EnvironmentMessage>[] = [
  { head: "Time", kind: "fit", cell: ({ timestamp }) => <Instant at={timestamp} /> },
  {
    head: "Event type",
    kind: "title",
    cell: ({ appId, id, eventType }) => <a href={messageLink(appId, id)}>{eventType}</a>,
  },
  { head: "Event ID", kind: "extra", cell: ({ eventId }) => eventId ?? <span class="muted">–</span> },
  { head: "Deliveries", cell: ({ deliveries }) => <DeliveryBadges counts={deliveries} /> },
];

/** Shows the newest messages of a customer. */
export function CustomerMessages({ customer: { id: app } }: { customer: Application }) {
  const latest = useResource(app, (signal) => getLatestMessages(app, SHOWN, signal), [app]);
  return (
    <>
      <div class="section-head">
        <h2>Latest messages</h2>
        <span class="buttons">
          <a href={messagesLink({ app_id: app })}>All messages, with filters</a>
          <May operation="v1.message.create">
            <a class="button-link" href={sendLink({ app })}>
              Send a message
            </a>
          </May>
        </span>
      </div>
      <Read of={latest} lines={6}>
        {(latest) => (
          <LiveRows<EnvironmentMessage, ListOf<EnvironmentMessage>>
            key={app}
            latest={latest}
            keyOf={({ id }) => id}
            words={["message", "messages"]}
          >
            {({ data }) =>
              data.length === 0 ? (
                <Empty title="No messages yet">
                  <May operation="v1.message.create">
                    <p>
                      <a href={sendLink({ app })}>Send a message</a> to see what the customer gets.
                    </p>
                  </May>
                </Empty>
              ) : (
                <DataTable label="Latest messages" columns={COLUMNS} rows={data} keyOf={({ id }) => id} isLinked />
              )
            }
          </LiveRows>
        )}
      </Read>
    </>
  );
}
