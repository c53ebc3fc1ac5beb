import type { Application } from "../../../src/api/types.ts";
import type { MessageHead } from "../../kit/message.ts";
import { Fact } from "../../kit/parts/fact.tsx";
import { HeaderList } from "../../kit/parts/header-list.tsx";
import { MessageFacts } from "../../kit/parts/message-facts.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { PayloadSection } from "../../kit/parts/payload.tsx";
import { Read, Section } from "../../kit/parts/section.tsx";
import { useOnce } from "../../kit/reading.ts";
import { getCustomer } from "../api/customers.ts";
import { getMessage, getPayload } from "../api/messages.ts";
import { customerLink, eventTypeLink, messagesLink, receivedLink, sendLink } from "../links.ts";
import { Attempts } from "../messages/attempts.tsx";
import { Deliveries } from "../messages/deliveries.tsx";
import { Missed } from "../messages/missed.tsx";
import { May } from "../parts/may.tsx";

interface MessagePageProps {
  readonly app: string;
  readonly message: string;
}

/** Shows a message. What cannot change is read once; deliveries and attempts follow live events. */
export function MessagePage({ app, message: id }: MessagePageProps) {
  const message = useOnce(id, (signal) => getMessage(app, id, signal));
  const payload = useOnce(id, (signal) => getPayload(app, id, signal));
  const customer = useOnce(app, (signal) => getCustomer(app, signal)).value;
  const body = payload.value?.payload ?? null;
  return (
    <>
      <PageHead
        title={message.value?.eventType ?? "Message"}
        above={[
          { title: "Messages", href: messagesLink() },
          { title: customer?.name ?? app, href: customerLink(app) },
        ]}
      >
        <May operation="v1.message.create">
          <a class="button-link outline" href={sendLink({ app, message: id })}>
            Send again as new
          </a>
        </May>
      </PageHead>
      <Read of={message} lines={6}>
        {(known) => (
          <>
            <Facts app={app} customer={customer} message={known} contentType={body?.contentType ?? null} />
            <Warnings message={known} />
            <Deliveries app={app} message={known.id} />
            <Missed app={app} message={known} />
            <Attempts app={app} message={known.id} body={body?.bytes ?? null} />
            <PayloadSection message={id} of={payload} />
            {known.headers !== undefined && (
              <Section title="Headers of the request as received">
                <HeaderList headers={known.headers} />
              </Section>
            )}
          </>
        )}
      </Read>
    </>
  );
}

interface FactsProps {
  readonly app: string;
  readonly customer: Application | null;
  readonly message: MessageHead;
  readonly contentType: string | null;
}

function Facts({ app, customer, message, contentType }: FactsProps) {
  return (
    <MessageFacts message={message} timeName="Accepted">
      <Fact name="Customer">
        <a href={customerLink(app)}>{customer?.name ?? app}</a>
      </Fact>
      <Fact name="Event type">
        <a href={eventTypeLink(message.eventType)}>{message.eventType}</a>
      </Fact>
      {contentType !== null && <Fact name="Content type">{contentType}</Fact>}
      {message.sourceId !== undefined && (
        <Fact name="Received">
          <a href={receivedLink(message.sourceId, message.id)}>View request as received</a>
        </Fact>
      )}
    </MessageFacts>
  );
}

function Warnings({ message: { warnings = [] } }: { message: MessageHead }) {
  if (warnings.length === 0) return null;
  return (
    <Section title="Warnings">
      <p>The payload does not fit the schema of its event type.</p>
      <ul>
        {warnings.map(({ loc, msg }) => (
          <li key={loc.join("/")}>
            <code>{loc.join(".")}</code> {msg}
          </li>
        ))}
      </ul>
    </Section>
  );
}
