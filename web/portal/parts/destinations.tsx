import type { Destination } from "../../../src/api/types.ts";
import { Empty } from "../../kit/parts/notice.tsx";
import { Table } from "../../kit/parts/table.tsx";
import { resend } from "../api.ts";
import { endpointLink } from "../route.ts";
import { may } from "../session.ts";
import { Outcome, useAction } from "./action.tsx";
import { MessageState, NextAttempt } from "./message-state.tsx";

/** Shows the endpoints that a message is sent to, each with a resend button. */
export function Destinations({ message, destinations }: { message: string; destinations: readonly Destination[] }) {
  if (destinations.length === 0) return <Empty title="No deliveries" />;
  const canResend = may("v1.message-attempt.resend");
  return (
    <Table label="Deliveries">
      <thead>
        <tr>
          <th scope="col">Endpoint</th>
          <th scope="col">State</th>
          <th scope="col">Next attempt</th>
          {canResend && (
            <th scope="col">
              <span class="visually-hidden">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {destinations.map((destination) => (
          <tr key={destination.id}>
            <td class="title">
              <a class="url" href={endpointLink(destination.id)}>
                {destination.url}
              </a>
            </td>
            <td>
              <MessageState of={destination} />
            </td>
            <td class="nowrap next">
              <NextAttempt at={destination.nextAttempt} isPaused={destination.paused} />
            </td>
            {canResend && (
              <td class="actions">
                <Resend message={message} destination={destination} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function Resend({ message, destination: { id, url } }: { message: string; destination: Destination }) {
  const action = useAction();
  return (
    <>
      <button
        type="button"
        class="outline small"
        disabled={action.busy}
        aria-label={`Resend to ${url}`}
        onClick={() => action.run(() => resend(message, id), "Resend requested")}
      >
        Resend
      </button>
      <Outcome action={action} />
    </>
  );
}
