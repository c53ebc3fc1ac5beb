import type { DeliveryState } from "../../../src/api/types.ts";
import { formatCount } from "../../kit/format.ts";
import { Badge, type Tone } from "../../kit/parts/badge.tsx";
import type { MessageSummary } from "../api.ts";

const TONE: Record<DeliveryState, Tone> = { delivered: "good", pending: "wait", dead: "bad", cancelled: "idle" };
const ORDER: readonly DeliveryState[] = ["delivered", "pending", "dead", "cancelled"];

/**
 * Shows the deliveries of a message: a badge per state, with the number of deliveries if there are
 * several.
 */
export function DeliveryBadges({ counts }: { counts: MessageSummary["deliveries"] }) {
  const present = ORDER.filter((state) => counts[state] > 0);
  if (present.length === 0) return <span class="muted">none</span>;
  return (
    <span class="badges">
      {present.map((state) => (
        <Badge key={state} tone={TONE[state]}>
          {counts[state] === 1 ? state : `${formatCount(counts[state])} ${state}`}
        </Badge>
      ))}
    </span>
  );
}
