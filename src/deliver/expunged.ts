import type { Facts } from "../core/facts.ts";
import type { PendingDelivery, Queue } from "../store/index.ts";

/**
 * Cancels a delivery whose payload has been deleted since it became pending. There is nothing to
 * send.
 */
export async function cancelExpunged(
  { queue, facts }: { readonly queue: Queue; readonly facts: Facts },
  { messageSeq }: PendingDelivery,
  environmentSeq: number,
): Promise<void> {
  const count = await queue.expunge.message(messageSeq);
  facts.state({ type: "deliveries.buried", environmentSeq, state: "cancelled", count });
}
