import { useState } from "preact/hooks";
import type { Destination } from "../../../src/api/types.ts";
import { stateOf } from "../../kit/delivery.ts";
import { StateBadge } from "../../kit/parts/badge.tsx";
import { Upcoming } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { Table } from "../../kit/parts/table.tsx";
import { resend } from "../api.ts";
import { inboxLink, inboxOfUrl } from "../links.ts";

interface DeliveryTableProps {
  readonly app: string;
  readonly message: string;
  readonly destinations: readonly Destination[];
}

/** Shows the deliveries of a message, one per endpoint, each with a resend button. */
export function DeliveryTable({ app, message, destinations }: DeliveryTableProps) {
  if (destinations.length === 0) {
    return (
      <Empty title="No deliveries">
        <p>The message is stored, but no endpoint is subscribed to its event type and channels.</p>
      </Empty>
    );
  }
  return (
    <Table label="Deliveries">
      <thead>
        <tr>
          <th scope="col">Endpoint</th>
          <th scope="col">State</th>
          <th scope="col">Next attempt</th>
          <th scope="col">
            <span class="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {destinations.map((destination) => (
          <DeliveryRow key={destination.id} app={app} message={message} destination={destination} />
        ))}
      </tbody>
    </Table>
  );
}

function DeliveryRow({ app, message, destination }: { app: string; message: string; destination: Destination }) {
  const inbox = inboxOfUrl(destination.url);
  const state = stateOf(destination);
  return (
    <tr>
      <td class="title">
        <span class="url">{destination.url}</span>
        {inbox !== null && (
          <>
            {" "}
            <a class="nowrap" href={inboxLink(app, inbox)}>
              View inbox
            </a>
          </>
        )}
      </td>
      <td>
        <StateBadge state={state} />
        {state === "dead" && destination.reason && <div class="muted small">{destination.reason}</div>}
      </td>
      <td class="nowrap">
        {destination.nextAttempt ? <Upcoming at={destination.nextAttempt} /> : <span class="muted">–</span>}
      </td>
      <td class="actions">
        <ResendButton app={app} message={message} destination={destination} />
      </td>
    </tr>
  );
}

function ResendButton({ app, message, destination }: { app: string; message: string; destination: Destination }) {
  const [result, setResult] = useState<"ready" | "busy" | "sent" | Error>("ready");
  const send = async () => {
    setResult("busy");
    setResult(
      await resend(app, message, destination.id).then(
        () => "sent" as const,
        (error: Error) => error,
      ),
    );
  };
  return (
    <>
      <button
        type="button"
        class="outline small"
        onClick={send}
        disabled={result === "busy"}
        aria-label={`Resend to ${destination.url}`}
      >
        Resend
      </button>
      <span class="small muted" role="status">
        {result === "sent" ? "Resend requested" : result instanceof Error ? result.message : ""}
      </span>
    </>
  );
}
