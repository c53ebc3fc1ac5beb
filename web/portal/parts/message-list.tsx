import { useId, useState } from "preact/hooks";
import type { Endpoint, EndpointMessage, ListOf } from "../../../src/api/types.ts";
import { DeliveryState, MESSAGE_STATES, NextAttempt } from "../../kit/parts/delivery-state.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Table } from "../../kit/parts/table.tsx";
import { getMessages } from "../api.ts";
import { useLive } from "../refresh.ts";
import { messageLink } from "../route.ts";
import { Read, Section } from "./section.tsx";

/** Shows the messages of an endpoint, newest first, optionally only those in one state. */
export function MessageListSection({ endpoint }: { endpoint: Endpoint }) {
  const [status, setStatus] = useState<number | null>(null);
  const place = usePlace();
  const id = useId();
  const { iterator } = place;
  const messages = useLive(`${endpoint.id} ${status} ${iterator}`, (signal) =>
    getMessages(endpoint.id, { status, iterator }, signal),
  );
  const choose = (text: string) => {
    place.first();
    setStatus(text === "" ? null : Number(text));
  };
  const filter = (
    <span class="filter">
      <label for={id} class="visually-hidden">
        Show messages
      </label>
      <select id={id} value={status ?? ""} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">all messages</option>
        {MESSAGE_STATES.map(({ status, word }) => (
          <option key={status} value={status}>
            {word}
          </option>
        ))}
      </select>
    </span>
  );
  return (
    <Section title="Messages" aside={filter}>
      <Read of={messages} lines={5}>
        {(page) => (
          <>
            <MessageTable endpoint={endpoint} page={page} isFiltered={status !== null} />
            <PageButtons of={page} place={place} label="Pages of messages" />
          </>
        )}
      </Read>
    </Section>
  );
}

interface TableProps {
  readonly endpoint: Endpoint;
  readonly page: ListOf<EndpointMessage>;
  readonly isFiltered: boolean;
}

function MessageTable({ endpoint, page: { data, done }, isFiltered }: TableProps) {
  if (data.length === 0) {
    if (!done) return <Empty title="No messages on this page" />;
    return isFiltered ? (
      <Empty title="No messages in this state" />
    ) : (
      <Empty title="No messages yet">
        <p>Messages and the responses of your endpoint appear here within seconds.</p>
      </Empty>
    );
  }
  return (
    <Table label="Messages">
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Event type</th>
          <th scope="col" class="wide-only">
            Message
          </th>
          <th scope="col">State</th>
          <th scope="col">Next attempt</th>
        </tr>
      </thead>
      <tbody>
        {data.map((message) => (
          <tr key={message.id} class="row-link">
            <td class="fit">
              <Instant at={message.timestamp} />
            </td>
            <td class="title">
              <a href={messageLink(endpoint.id, message.id)}>{message.eventType}</a>
            </td>
            <td class="wide-only mono muted">{message.id}</td>
            <td>
              <DeliveryState of={message} />
            </td>
            <td class="fit next">
              <NextAttempt at={message.nextAttempt} isPaused={endpoint.paused} />
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
