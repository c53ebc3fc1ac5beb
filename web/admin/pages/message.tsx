import type { MessageText } from "../../kit/message.ts";
import { AttemptTable } from "../../kit/parts/attempt-table.tsx";
import { Body } from "../../kit/parts/code.tsx";
import { Fact } from "../../kit/parts/fact.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Loading, Problem } from "../../kit/parts/notice.tsx";
import { Section } from "../../kit/parts/section.tsx";
import { getAttempts, getDestinations, getMessage } from "../api.ts";
import { OVERVIEW, receivedLink } from "../links.ts";
import { overview } from "../live.ts";
import { DeliveryTable } from "../parts/delivery-table.tsx";
import { useResource } from "../resource.ts";

interface MessagePageProps {
  readonly app: string;
  readonly message: string;
}

export function MessagePage({ app, message }: MessagePageProps) {
  const { value, error } = useResource(`${app}/${message}`, (signal) => getMessage(app, message, signal));
  return (
    <>
      <nav aria-label="Breadcrumb" class="breadcrumb">
        <a href={OVERVIEW}>Messages</a>
      </nav>
      <h1>{value?.eventType ?? "Message"}</h1>
      {error !== null && <Problem>{error.message}</Problem>}
      {value === null && error === null && <Loading />}
      {value !== null && (
        <>
          <Facts app={app} message={value} />
          <Deliveries app={app} message={message} />
          <Attempts app={app} message={message} />
          {value.sourceId === undefined ? (
            <Section title="Payload">
              <Body text={value.payloadText} />
            </Section>
          ) : (
            <p>
              <a href={receivedLink(value.sourceId, value.id)}>View request as received</a>
            </p>
          )}
        </>
      )}
    </>
  );
}

function Facts({ app, message }: { app: string; message: MessageText }) {
  const channels = message.channels ?? [];
  return (
    <dl class="facts">
      <Fact name="Message">
        <span class="mono">{message.id}</span>
      </Fact>
      {message.eventId != null && (
        <Fact name="Event ID">
          <span class="mono">{message.eventId}</span>
        </Fact>
      )}
      <Fact name="Application">
        <ApplicationName app={app} message={message.id} />
      </Fact>
      <Fact name="Accepted">
        <Instant at={message.timestamp} />
      </Fact>
      {channels.length > 0 && <Fact name="Channels">{channels.join(", ")}</Fact>}
    </dl>
  );
}

/**
 * Shows the application's name, or its id if the overview does not contain the message. The
 * overview contains only the latest messages.
 */
function ApplicationName({ app, message }: { app: string; message: string }) {
  const summary = overview.value?.messages.find(({ id }) => id === message);
  return summary === undefined ? <span class="mono">{app}</span> : <span title={app}>{summary.appName}</span>;
}

export function Deliveries({ app, message }: MessagePageProps) {
  const { value, error } = useResource(`${app}/${message}`, (signal) => getDestinations(app, message, signal));
  return (
    <Section title="Deliveries">
      {error !== null && <Problem>{error.message}</Problem>}
      {value === null && error === null && <Loading />}
      {value !== null && <DeliveryTable app={app} message={message} destinations={value} />}
    </Section>
  );
}

export function Attempts({ app, message }: MessagePageProps) {
  const { value, error } = useResource(`${app}/${message}`, (signal) => getAttempts(app, message, signal));
  return (
    <Section title="Attempts">
      {error !== null && <Problem>{error.message}</Problem>}
      {value === null && error === null && <Loading />}
      {value !== null && <AttemptTable attempts={value} />}
    </Section>
  );
}
