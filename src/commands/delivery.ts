import { deliveryHeldMeta } from "../core/delivery.ts";
import type { CommandContext } from "./context.ts";

/**
 * Holds or resumes all deliveries of the installation. While they are held, messages are accepted
 * and stored. Attempts under way finish. A restart keeps the state.
 */
export async function holdDelivery(
  { store, clock, facts, signals }: Pick<CommandContext, "store" | "clock" | "facts" | "signals">,
  isHeld: boolean,
): Promise<void> {
  await store.housekeeping.meta.set(deliveryHeldMeta, isHeld ? String(clock.now()) : null);
  signals.send({ type: "delivery.held", isHeld });
  facts.state({ type: "delivery.held", isHeld });
}
