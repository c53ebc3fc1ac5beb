import type { MessageText } from "../../kit/message.ts";
import { AttemptTable } from "../../kit/parts/attempt-table.tsx";
import { Body } from "../../kit/parts/code.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { getAttempts, getDestinations, getMessage } from "../api.ts";
import { Destinations } from "../parts/destinations.tsx";
import { Read, Section } from "../parts/section.tsx";
import { useLive } from "../refresh.ts";
import { endpointLink } from "../route.ts";

/** Shows a message with its deliveries, attempts and payload. */
export function MessagePage({ endpoint, message }: { endpoint: string; message: string }) {
  const read = useLive(message, (signal) => getMessage(message, signal));
  return (
    <>
      <nav aria-label="Breadcrumb" class="breadcrumb">
        <a href={endpointLink(endpoint)}>Endpoint</a>
      </nav>
      <h1>{read.value?.eventType ?? "Message"}</h1>
      <Read of={read} lines={6}>
        {(known) => (
          <>
            <Facts message={known} />
            <Deliveries message={message} />
            <Attempts message={message} />
            <Section title="Payload">
              {known.payloadText === "" || known.payloadText === "null" ? (
                <Empty title="The payload has been deleted" />
              ) : (
                <Body text={known.payloadText} />
              )}
            </Section>
          </>
        )}
      </Read>
    </>
  );
}

function Facts({ message: { id, eventId, timestamp, channels } }: { message: MessageText }) {
  return (
    <dl class="facts">
      <div>
        <dt>Message</dt>
        <dd class="mono">{id}</dd>
      </div>
      {eventId != null && (
        <div>
          <dt>Event ID</dt>
          <dd class="mono">{eventId}</dd>
        </div>
      )}
      <div>
        <dt>Sent</dt>
        <dd>
          <Instant at={timestamp} />
        </dd>
      </div>
      {channels != null && channels.length > 0 && (
        <div>
          <dt>Channels</dt>
          <dd>{channels.join(", ")}</dd>
        </div>
      )}
    </dl>
  );
}

function Deliveries({ message }: { message: string }) {
  const destinations = useLive(message, (signal) => getDestinations(message, signal));
  return (
    <Section title="Deliveries">
      <Read of={destinations} lines={2}>
        {({ data }) => <Destinations message={message} destinations={data} />}
      </Read>
    </Section>
  );
}

function Attempts({ message }: { message: string }) {
  const place = usePlace();
  const { iterator } = place;
  const attempts = useLive(`${message} ${iterator}`, (signal) => getAttempts(message, iterator, signal));
  return (
    <Section title="Attempts">
      <Read of={attempts} lines={2}>
        {(page) => (
          <>
            <AttemptTable attempts={page.data} />
            <PageButtons of={page} place={place} label="Pages of attempts" />
          </>
        )}
      </Read>
    </Section>
  );
}
