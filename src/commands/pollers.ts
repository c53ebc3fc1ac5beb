import type { Seq } from "../core/id.ts";
import { Problem } from "../core/problem.ts";
import type { PollerKey } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

type Parts = Pick<CommandContext, "store" | "clock">;

/** Maximum number of consumers per application. */
const CONSUMERS_MAX = 1000;

/**
 * Records that a consumer has processed all messages up to `cursor`. Never moves the consumer back.
 * Throws 400 if the consumer is new and the application already has the maximum number of
 * consumers.
 */
export function confirmMessages(parts: Parts, key: PollerKey, cursor: Seq): Promise<void> {
  return move(parts, key, cursor, true);
}

/**
 * Makes a consumer continue after message `cursor`, forwards or backwards. Throws 400 if the
 * consumer is new and the application already has the maximum number of consumers.
 */
export function seekConsumer(parts: Parts, key: PollerKey, cursor: Seq): Promise<void> {
  return move(parts, key, cursor, false);
}

async function move({ store, clock }: Parts, key: PollerKey, cursor: Seq, onlyForward: boolean): Promise<void> {
  const options = { onlyForward, consumersMax: CONSUMERS_MAX, now: clock.now() };
  if (await store.history.pollers.move(key, cursor, options)) return;
  throw new Problem(
    400,
    "limit_reached",
    `The application already has ${CONSUMERS_MAX} consumers, which is the maximum.`,
  );
}
