import { DeliveryBadges } from "../../kit/parts/badge.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Loading } from "../../kit/parts/notice.tsx";
import { Table } from "../../kit/parts/table.tsx";
import type { MessageSummary } from "../api.ts";
import { messageLink } from "../links.ts";
import { overview } from "../live.ts";
import { FirstMessage } from "../parts/first-message.tsx";
import { Stat } from "../parts/stat.tsx";

export function OverviewPage() {
  return (
    <>
      <h1 class="visually-hidden">Overview</h1>
      <Numbers />
      <LatestMessages />
    </>
  );
}

function Numbers() {
  const current = overview.value;
  return (
    <dl class="stats" aria-label="Statistics">
      <Stat
        measure="accepted"
        label="Accepted"
        hint="Messages accepted since the server started"
        kind="total"
        value={current?.accepted ?? null}
      />
      <Stat
        measure="delivered"
        label="Delivered"
        hint="Deliveries that succeeded since the server started"
        kind="total"
        value={current?.delivered ?? null}
      />
      <Stat
        measure="pending"
        label="Pending"
        hint="Deliveries that are waiting for an attempt"
        kind="level"
        value={current?.pending ?? null}
      />
      <Stat
        measure="failing"
        label="Failing"
        hint="Endpoints whose latest attempts failed"
        kind="level"
        alarming
        value={current?.failing ?? null}
      />
      <Stat
        measure="dead"
        label="Dead"
        hint="Deliveries that have used all their attempts"
        kind="level"
        alarming
        value={current?.dead ?? null}
      />
    </dl>
  );
}

function LatestMessages() {
  const current = overview.value;
  return (
    <section>
      <h2>Latest messages</h2>
      {current === null ? (
        <Loading />
      ) : current.messages.length === 0 ? (
        <FirstMessage />
      ) : (
        <Table label="Latest messages">
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Application</th>
              <th scope="col">Event type</th>
              <th scope="col" class="wide-only">
                Message
              </th>
              <th scope="col" class="wide-only">
                Event ID
              </th>
              <th scope="col">Deliveries</th>
            </tr>
          </thead>
          <tbody>
            {current.messages.map((message) => (
              <MessageRow key={message.id} message={message} />
            ))}
          </tbody>
        </Table>
      )}
    </section>
  );
}

function MessageRow({ message }: { message: MessageSummary }) {
  return (
    <tr class="row-link">
      <td class="fit">
        <Instant at={message.timestamp} />
      </td>
      <td class="fit">{message.appName}</td>
      <td class="title">
        <a href={messageLink(message.appId, message.id)}>{message.eventType}</a>
      </td>
      <td class="wide-only mono muted">{message.id}</td>
      <td class="wide-only mono muted">{message.eventId ?? "–"}</td>
      <td>
        <DeliveryBadges counts={message.deliveries} />
      </td>
    </tr>
  );
}
