import type { PrecheckRecipients } from "../../../src/api/types.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import { Empty, Problem } from "../../kit/parts/notice.tsx";
import type { Resource } from "../../kit/reading.ts";
import { counted, listed } from "../../kit/words.ts";
import { endpointLink, newEndpointLink } from "../links.ts";
import style from "./recipients.module.css";

interface RecipientsProps {
  /** The id of the customer; empty if none is chosen. */
  readonly app: string;
  readonly hasType: boolean;
  readonly of: Resource<PrecheckRecipients>;
}

/** Shows which endpoints will get the message, and why the others will not. */
export function Recipients({ app, hasType, of: { value, error } }: RecipientsProps) {
  return (
    <section class="card" aria-label="Who will get it">
      <h2>Who will get it</h2>
      {error !== null && <Problem>{error.message}</Problem>}
      {app === "" || !hasType ? (
        <p class="muted">Choose a customer and an event type to see which endpoints get the message.</p>
      ) : (
        <div role="status">{value !== null && <List app={app} of={value} />}</div>
      )}
    </section>
  );
}

function List({ app, of: { data, done, count } }: { app: string; of: PrecheckRecipients }) {
  if (data.length === 0) {
    return (
      <Empty title="No endpoints">
        <p>
          The message is stored, but nobody gets it. <a href={newEndpointLink(app)}>Add an endpoint</a> first.
        </p>
      </Empty>
    );
  }
  return (
    <>
      <p>
        {count === 0 ? (
          <strong>No endpoint gets this message. It is only stored.</strong>
        ) : (
          <>
            <strong>{counted(count, "endpoint")}</strong> will get this message.
          </>
        )}
      </p>
      <ul class={style.list}>
        {data.map((recipient) => (
          <Recipient key={recipient.endpoint.id} app={app} of={recipient} />
        ))}
      </ul>
      {!done && <p class="muted small">Only the first {data.length} endpoints of the customer are listed.</p>}
    </>
  );
}

function Recipient({ app, of }: { app: string; of: PrecheckRecipients["data"][number] }) {
  const { endpoint, receives } = of;
  return (
    <li>
      <Badge tone={receives ? (endpoint.paused ? "wait" : "good") : "idle"}>{receives ? "gets it" : "does not"}</Badge>
      <div class={style.words}>
        <a href={endpointLink(app, endpoint.id)}>{endpoint.url}</a>
        {reasonOf(of) !== null && <div class="muted small">{reasonOf(of)}</div>}
      </div>
    </li>
  );
}

function reasonOf({ endpoint, receives, reason }: PrecheckRecipients["data"][number]): string | null {
  if (receives) return endpoint.paused ? "Paused: gets the message when it is resumed." : null;
  switch (reason) {
    case "disabled":
      return "The endpoint is disabled.";
    case "event_type":
      return `It gets only ${listed(endpoint.eventTypes ?? [])}.`;
    case "channel": {
      const channels = endpoint.channels ?? [];
      return `It gets only messages with the ${channels.length === 1 ? "channel" : "channels"} ${listed(channels)}.`;
    }
    default:
      return null;
  }
}
