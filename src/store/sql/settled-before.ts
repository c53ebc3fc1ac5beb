import { nextAtDisabledEndpoint } from "../../core/delivery.ts";
import type { Settled, Settlement } from "../index.ts";
import { STATE_NAMES } from "./delivery-row.ts";

/** The state that a settled delivery has now. */
export interface SettledRow {
  readonly state: number;
  readonly round: number;
  readonly reason: string | null;
}

/** An endpoint that was disabled by the settlement. */
export interface DisabledRow {
  readonly failingSince: number | null;
}

/**
 * Determines what a settlement changed, given that it was committed earlier. `endpoint` is ignored if
 * the delivery succeeded.
 */
export function settledBefore(
  { round, next, settledAt, disableEndpoint }: Settlement,
  row: SettledRow | null,
  endpoint: DisabledRow | null,
): Settled {
  const disabled =
    next.state === "delivered" || endpoint === null
      ? null
      : {
          cause: disableEndpoint ? ("gone" as const) : ("failing" as const),
          failingSince: endpoint.failingSince ?? settledAt,
        };
  const made = disabled === null ? next : nextAtDisabledEndpoint(next);
  const hasState = row !== null && row.round === round && STATE_NAMES[row.state] === made.state;
  const isMoved = hasState && (made.state !== "dead" || made.reason === row.reason);
  return { change: isMoved ? "moved" : "stale", next: made, disabled, health: null };
}
