import { formatCount } from "../../kit/format.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Loading } from "../../kit/parts/notice.tsx";
import { Section } from "../../kit/parts/section.tsx";
import type { MessageSummary } from "../api.ts";
import { messageLink, messagesLink } from "../links.ts";
import { overview } from "../live.ts";
import { DeliveryBadges } from "../messages/delivery-badges.tsx";
import { FirstMessage } from "./first-message.tsx";
import style from "./overview.module.css";
import { acceptedPerSecond } from "./rate.ts";

/** Number of messages that the list shows, which is that of the overview of the API. */
const LISTED_MAX = 50;

const COLUMNS: readonly Column<MessageSummary>[] = [
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

export function LatestMessages() {
  const messages = overview.value?.messages;
  return (
    <Section title="Latest messages" aside={<a href={messagesLink()}>All messages</a>}>
      {messages === undefined ? (
        <Loading />
      ) : messages.length === 0 ? (
        <FirstMessage />
      ) : (
        <>
          <SampleNote />
          <DataTable label="Latest messages" columns={COLUMNS} rows={messages} keyOf={({ id }) => id} isLinked={true} />
        </>
      )}
    </Section>
  );
}

/** Says that the list is a sample while more messages arrive than it can show. */
function SampleNote() {
  const perSecond = Math.round(acceptedPerSecond.value);
  if (perSecond <= LISTED_MAX) return null;
  return (
    <p class={style.since}>
      A sample: about {formatCount(perSecond)} messages arrive per second, and this list shows the latest {LISTED_MAX}{" "}
      once per second. The numbers above count all of them.
    </p>
  );
}
