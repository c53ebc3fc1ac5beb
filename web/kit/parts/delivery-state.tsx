import type { Destination } from "../../../src/api/types.ts";
import { stateOf } from "../delivery.ts";
import { reasonText } from "../reasons.ts";
import { Badge, type Tone } from "./badge.tsx";
import { Upcoming } from "./instant.tsx";

type Delivery = Pick<Destination, "status" | "reason" | "nextAttempt">;

/** The states by which messages can be filtered, with their status codes in the API. */
export const MESSAGE_STATES = [
  { status: 0, word: "delivered" },
  { status: 2, word: "failed" },
  { status: 3, word: "retrying" },
  { status: 1, word: "waiting" },
  { status: 4, word: "cancelled" },
] as const;

const SENDING = 3;

interface DeliveryStateProps {
  readonly of: Delivery;
  /** The word for a delivery that has failed for good. Operators call it dead, as in "dead letter". */
  readonly deadWord?: string;
}

/** Shows the state of a delivery, and why it has failed. */
export function DeliveryState({ of, deadWord = "failed" }: DeliveryStateProps) {
  const [tone, word] = shown(of, deadWord);
  return (
    <div>
      <Badge tone={tone}>{word}</Badge>
      {word === deadWord && of.reason && <div class="muted small">{reasonText(of.reason)}</div>}
    </div>
  );
}

function shown(of: Delivery, deadWord: string): [Tone, string] {
  switch (stateOf(of)) {
    case "delivered":
      return ["good", "delivered"];
    case "pending":
      return ["wait", of.status === SENDING ? "retrying" : "waiting"];
    case "dead":
      return ["bad", deadWord];
    case "cancelled":
      return ["idle", "cancelled"];
  }
}

/** Shows the time of the next attempt, if there is one. */
export function NextAttempt({ at, isPaused }: { at: string | null; isPaused: boolean }) {
  if (at === null) return <span class="muted none">–</span>;
  if (isPaused) return <span class="muted">when resumed</span>;
  return (
    <span>
      <Upcoming at={at} />
    </span>
  );
}
