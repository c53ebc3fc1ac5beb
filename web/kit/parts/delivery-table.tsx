import type { ComponentChildren } from "preact";
import type { Destination } from "../../../src/api/types.ts";
import { Outcome, useActionThen } from "./action.tsx";
import { type Column, DataTable } from "./data-table.tsx";
import { DeliveryState, NextAttempt } from "./delivery-state.tsx";

/** How the user can send a message to an endpoint again. */
export interface Resending {
  resend(endpoint: string): Promise<unknown>;
  /** Runs after each success. */
  onResend(): void;
}

interface DeliveryTableProps {
  readonly deliveries: readonly Destination[];
  readonly linkOf: (endpoint: string) => string;
  readonly deadWord?: string;
  /** More about a delivery, below its endpoint. */
  readonly more?: (delivery: Destination) => ComponentChildren;
  /** Null if the user may not resend messages. */
  readonly resending: Resending | null;
}

/** Shows the deliveries of a message, one per endpoint, each with a button that resends it. */
export function DeliveryTable({ deliveries, linkOf, deadWord = "failed", more, resending }: DeliveryTableProps) {
  const columns: readonly Column<Destination>[] = [
    {
      head: "Endpoint",
      kind: "title",
      cell: (delivery) => (
        <>
          <a class="url" href={linkOf(delivery.id)}>
            {delivery.url}
          </a>
          {more?.(delivery)}
        </>
      ),
    },
    { head: "State", cell: (delivery) => <DeliveryState of={delivery} deadWord={deadWord} /> },
    {
      head: "Next attempt",
      cell: ({ nextAttempt, paused }) => <NextAttempt at={nextAttempt} isPaused={paused} />,
    },
  ];
  const actions: Column<Destination> = {
    head: "Actions",
    kind: "actions",
    cell: (delivery) => resending !== null && <ResendButton endpoint={delivery} resending={resending} />,
  };
  return (
    <DataTable
      label="Deliveries"
      columns={resending === null ? columns : [...columns, actions]}
      rows={deliveries}
      keyOf={({ id }) => id}
    />
  );
}

interface ResendButtonProps {
  readonly endpoint: Pick<Destination, "id" | "url">;
  readonly resending: Resending;
  readonly label?: string;
}

export function ResendButton({ endpoint: { id, url }, resending, label = "Resend" }: ResendButtonProps) {
  const action = useActionThen(() => resending.onResend());
  return (
    <>
      <button
        type="button"
        class="outline small"
        // A button that is disabled while it works would lose the focus.
        aria-disabled={action.busy}
        aria-label={`${label} to ${url}`}
        onClick={() => action.busy || void action.run(() => resending.resend(id), `${label} requested`)}
      >
        {label}
      </button>
      <Outcome action={action} />
    </>
  );
}
