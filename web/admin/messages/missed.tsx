import type { MessageRecipient } from "../../../src/api/types.ts";
import type { MessageHead } from "../../kit/message.ts";
import { ResendButton } from "../../kit/parts/delivery-table.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read, Section } from "../../kit/parts/section.tsx";
import { DISABLED_CAUSES } from "../../kit/reasons.ts";
import { listed } from "../../kit/words.ts";
import { getRecipients, resend } from "../api/messages.ts";
import { endpointLink, newEndpointLink } from "../links.ts";
import { refresh } from "../live.ts";
import { May } from "../parts/may.tsx";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";
import style from "./missed.module.css";

interface MissedProps {
  readonly app: string;
  readonly message: MessageHead;
}

/** Shows the endpoints of the customer that did not get a message, with the cause. */
export function Missed({ app, message }: MissedProps) {
  const place = usePlace();
  const { iterator } = place;
  const [recipients, reload] = useLoaded(`${message.id} ${iterator}`, (signal) =>
    getRecipients(app, message.id, iterator, signal),
  );
  const page = recipients.value;
  const missed = page?.data.filter((recipient) => recipient.missed !== null) ?? [];
  if (page !== null && missed.length === 0 && page.done && place.number === 1) {
    return page.data.length === 0 ? (
      <p>
        The customer has no endpoints.{" "}
        <May operation="v1.endpoint.create">
          <a href={newEndpointLink(app)}>Add an endpoint</a> so that messages are delivered.
        </May>
      </p>
    ) : null;
  }
  const maySend = may("v1.message-attempt.resend");
  const onResend = () => {
    reload();
    refresh();
  };
  return (
    <Section title="Endpoints that did not get this message">
      <Read of={recipients} lines={2}>
        {(page) => (
          <>
            <ul class={style.list}>
              {missed.map((recipient) => (
                <li key={recipient.endpoint.id}>
                  <div class={style.words}>
                    <a class="url" href={endpointLink(app, recipient.endpoint.id)}>
                      {recipient.endpoint.url}
                    </a>
                    <div class={`small ${style.cause}`}>
                      <Cause app={app} of={recipient} message={message} />
                    </div>
                  </div>
                  {maySend && !recipient.endpoint.disabled && (
                    <div class={style.action}>
                      <ResendButton
                        label="Send"
                        endpoint={recipient.endpoint}
                        resending={{ resend: (endpoint) => resend(app, message.id, endpoint), onResend }}
                      />
                    </div>
                  )}
                </li>
              ))}
            </ul>
            <PageButtons of={page} place={place} label="Pages of endpoints" />
          </>
        )}
      </Read>
    </Section>
  );
}

interface CauseProps {
  readonly app: string;
  readonly of: MessageRecipient;
  readonly message: MessageHead;
}

function Cause({ app, of: { endpoint, missed }, message }: CauseProps) {
  if (missed === null) return null;
  const settings = endpointLink(app, endpoint.id, "settings");
  const doubt = missed.certain ? null : (
    <span class="muted"> The endpoint was changed after this message, so the reason may have been another one.</span>
  );
  switch (missed.reason) {
    case "created_later":
      return (
        <>
          The endpoint was created after this message, at <Instant at={endpoint.createdAt} />.
        </>
      );
    case "disabled":
      return (
        <>
          The endpoint is <a href={settings}>disabled</a>
          {endpoint.disabledCause != null && ` ${DISABLED_CAUSES[endpoint.disabledCause]}`}
          {endpoint.disabledAt != null && (
            <>
              {" "}
              since <Instant at={endpoint.disabledAt} />
            </>
          )}
          .{doubt}
        </>
      );
    case "event_type":
      return (
        <>
          The endpoint <a href={settings}>gets only the event types</a> {listed(endpoint.eventTypes ?? [])}.{doubt}
        </>
      );
    case "channel":
      return (
        <>
          The endpoint <a href={settings}>gets only the channels</a> {listed(endpoint.channels ?? [])}; the message has{" "}
          {listed(message.channels ?? ["none"])}.{doubt}
        </>
      );
    case "filter":
      return (
        <>
          The endpoint's <a href={settings}>filter</a> does not match this message.{doubt}
        </>
      );
    default:
      return (
        <>
          The endpoint would get this message now. Its <a href={settings}>settings</a> were different when the message
          was accepted.
        </>
      );
  }
}
