import { AttemptTable } from "../../kit/parts/attempt-table.tsx";
import { DeliveryTable } from "../../kit/parts/delivery-table.tsx";
import { MessageFacts } from "../../kit/parts/message-facts.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { PayloadSection } from "../../kit/parts/payload.tsx";
import { useOnce } from "../../kit/reading.ts";
import { getAttempts, getDestinations, getMessage, getPayload, resend } from "../api.ts";
import { AttemptDetails } from "../parts/attempt-details.tsx";
import { Read, Section } from "../parts/section.tsx";
import { refresh, useLive } from "../refresh.ts";
import { endpointLink } from "../route.ts";
import { may } from "../session.ts";

/** Shows a message with its deliveries, attempts and payload. */
export function MessagePage({ endpoint, message }: { endpoint: string; message: string }) {
  const read = useOnce(message, (signal) => getMessage(message, signal));
  const payload = useOnce(message, (signal) => getPayload(message, signal));
  return (
    <>
      <nav aria-label="Breadcrumb" class="breadcrumb">
        <a href={endpointLink(endpoint)}>Endpoint</a>
      </nav>
      <h1>{read.value?.eventType ?? "Message"}</h1>
      <Read of={read} lines={6}>
        {(known) => (
          <>
            <MessageFacts message={known} timeName="Sent" />
            <Deliveries message={message} />
            <Attempts message={message} />
            <PayloadSection message={message} of={payload} />
          </>
        )}
      </Read>
    </>
  );
}

function Deliveries({ message }: { message: string }) {
  const destinations = useLive(message, (signal) => getDestinations(message, signal));
  const resending = may("v1.message-attempt.resend")
    ? { resend: (endpoint: string) => resend(message, endpoint), onResend: refresh }
    : null;
  return (
    <Section title="Deliveries">
      <Read of={destinations} lines={2}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty title="No deliveries" />
          ) : (
            <DeliveryTable deliveries={data} linkOf={endpointLink} resending={resending} />
          )
        }
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
            <AttemptTable
              attempts={page.data}
              {...(may("v1.message-attempt.get") && {
                detail: ({ id }) => <AttemptDetails message={message} attempt={id} />,
              })}
            />
            <PageButtons of={page} place={place} label="Pages of attempts" />
          </>
        )}
      </Read>
    </Section>
  );
}
