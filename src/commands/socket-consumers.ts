/** Consumers of `websocket:` endpoints. */

import { WEBSOCKET_URL } from "../core/endpoint-url/websocket.ts";
import type { Seq } from "../core/id.ts";
import { conflict, Problem } from "../core/problem.ts";
import type { ConsumerSocket } from "../sockets/consumer.ts";
import type { Connected } from "../sockets/socket-consumers.ts";
import { type Endpoint, StoreUnavailable } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

type Parts = Pick<CommandContext, "socketConsumers" | "store" | "clock" | "signals" | "deliverer" | "facts">;

/** Number of deliveries that are made due in one commit. */
const STEP = 500;
const STORE_RETRY_MS = 500;
/** How often to look whether this process serves the lane, in ms. */
const LANE_RETRY_MS = 250;
const BUSY_RETRY_SECONDS = 10;

/**
 * Throws unless a consumer can connect to the endpoint: 409 if it has another URL or is disabled, 429
 * if there are too many consumers.
 */
export function checkConsumer(
  { socketConsumers }: Pick<Parts, "socketConsumers">,
  { seq, url, disabled }: Endpoint,
): void {
  if (url !== WEBSOCKET_URL) {
    throw new Problem(409, "not_websocket", `Only endpoints with the URL ${WEBSOCKET_URL} have consumers.`);
  }
  if (disabled) throw conflict("The endpoint is disabled. Enable it before a consumer connects.");
  if (socketConsumers.canConnect(seq)) return;
  throw new Problem(429, "too_many_consumers", "Too many consumers are connected.", BUSY_RETRY_SECONDS);
}

/**
 * Adds a consumer that has connected. If it is the first one of the endpoint, deliveries that wait for
 * a retry become due.
 */
export function connectConsumer(parts: Parts, endpointSeq: Seq, socket: ConsumerSocket, prefetch: number): Connected {
  const { socketConsumers, facts } = parts;
  const isFirst = socketConsumers.countOf(endpointSeq) === 0;
  const connected = socketConsumers.connect(endpointSeq, socket, prefetch);
  if (isFirst) {
    hastenRetries(parts, endpointSeq).catch((error) => {
      facts.state({ type: "defect.found", where: "retries of a websocket endpoint", error });
    });
  }
  return connected;
}

/**
 * Makes waiting retries due, as long as a consumer is connected. If another process serves the lane, waits
 * until this one does: the other has no consumers, or delivers to them.
 */
async function hastenRetries(parts: Parts, endpointSeq: Seq): Promise<void> {
  const { store, clock, socketConsumers, signals, deliverer } = parts;
  for (let after: Seq | null = 0; after !== null && socketConsumers.countOf(endpointSeq) > 0; ) {
    if (!deliverer.servesLane(endpointSeq)) {
      await new Promise<void>((resolve) => clock.after(LANE_RETRY_MS, resolve));
      continue;
    }
    try {
      const now = clock.now() - deliverer.retriesAheadMs;
      const { first, last } = await store.queue.hasten(endpointSeq, { after, limit: STEP }, now);
      after = last;
      if (first === null) continue;
      // The head of a FIFO lane may wait in memory.
      signals.send({ type: "lane.changed", endpointSeq });
      signals.send({ type: "lane.filled", endpointSeq, position: first });
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      await new Promise<void>((resolve) => clock.after(STORE_RETRY_MS, resolve));
    }
  }
}
