import type { Destination } from "../../../src/api/types.ts";
import { DeliveryTable, type Resending } from "../../kit/parts/delivery-table.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read, Section } from "../../kit/parts/section.tsx";
import { getDestinations, resend } from "../api/messages.ts";
import { endpointLink, inboxLink, inboxOfUrl } from "../links.ts";
import { refresh } from "../live.ts";
import { useResource } from "../resource.ts";
import { may } from "../session.ts";
import { CancelMessage } from "./cancel-message.tsx";
import type { OfMessage } from "./of-message.ts";
import { ResendToMany } from "./resend-to-many.tsx";

/** Shows which endpoints a message is delivered to, and follows their states. */
export function Deliveries({ app, message }: OfMessage) {
  const place = usePlace();
  const { iterator } = place;
  const deliveries = useResource(
    `${app}/${message} ${iterator}`,
    (signal) => getDestinations(app, message, iterator, signal),
    [message],
  );
  const resending: Resending | null = may("v1.message-attempt.resend")
    ? { resend: (endpoint) => resend(app, message, endpoint), onResend: refresh }
    : null;
  return (
    <Section title="Deliveries">
      <Read of={deliveries} lines={2}>
        {(page) =>
          page.data.length === 0 && place.number === 1 ? (
            <Empty title="No deliveries">
              <p>The message is stored, but was not sent to any endpoint.</p>
            </Empty>
          ) : (
            <>
              <DeliveryTable
                deliveries={page.data}
                linkOf={(endpoint) => endpointLink(app, endpoint)}
                deadWord="dead"
                more={(delivery) => <About app={app} delivery={delivery} />}
                resending={resending}
              />
              <PageButtons of={page} place={place} label="Pages of deliveries" />
              {resending !== null && <ResendToMany app={app} message={message} page={page} />}
              {may("message.cancel") && <CancelMessage app={app} message={message} page={page} />}
            </>
          )
        }
      </Read>
    </Section>
  );
}

function About({ app, delivery: { url, description } }: { app: string; delivery: Destination }) {
  const inbox = inboxOfUrl(url);
  return (
    <>
      {description !== "" && <div class="muted small">{description}</div>}
      {inbox !== null && (
        <div class="small">
          <a href={inboxLink(app, inbox)}>View inbox</a>
        </div>
      )}
    </>
  );
}
