import type { DeliveryState } from "../../../src/api/types.ts";
import type { DeliveryCounts } from "../../admin/api.ts";
import { formatCount } from "../format.ts";

export type Tone = "good" | "wait" | "bad" | "idle";

const TONE: Record<DeliveryState, Tone> = { delivered: "good", pending: "wait", dead: "bad", cancelled: "idle" };
const ORDER: readonly DeliveryState[] = ["delivered", "pending", "dead", "cancelled"];

/** Shows a word on a coloured background. The colour only repeats what the word says. */
export function Badge({ tone, children }: { tone: Tone; children: string }) {
  return <span class={`badge badge-${tone}`}>{children}</span>;
}

/**
 * Shows the deliveries of a message: a badge per state, with the number of deliveries if there are
 * several.
 */
export function DeliveryBadges({ counts }: { counts: DeliveryCounts }) {
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
