import type { DeliveryState } from "../../src/api/types.ts";
import type { DeliveryCounts } from "../api.ts";
import { formatCount } from "../format.ts";

export type Tone = "good" | "wait" | "bad" | "idle";

const TONE: Record<DeliveryState, Tone> = { delivered: "good", pending: "wait", dead: "bad", cancelled: "idle" };
const ORDER: readonly DeliveryState[] = ["delivered", "pending", "dead", "cancelled"];

/** A word in a colour. The word says everything; the colour only helps to find it. */
export function Badge({ tone, children }: { tone: Tone; children: string }) {
  return <span class={`badge badge-${tone}`}>{children}</span>;
}

export function StateBadge({ state }: { state: DeliveryState }) {
  return <Badge tone={TONE[state]}>{state}</Badge>;
}

/** How the deliveries of one message stand: a badge per state that occurs, with its number when there are several. */
export function DeliveryBadges({ counts }: { counts: DeliveryCounts }) {
  const present = ORDER.filter((state) => counts[state] > 0);
  if (present.length === 0) return <span class="muted">no endpoint</span>;
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
