import {
  AckPolicy,
  type Consumer,
  type ConsumerInfo,
  JetStreamApiError,
  type JetStreamManager,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import type { NatsQueueUrl } from "../../core/queue-url.ts";

/** Time after which the server sends an unsettled message again unless it is worked on, in ms. */
export const ACK_WAIT_MS = 10_000;
/** Code of the error for a consumer that does not exist. */
const CONSUMER_NOT_FOUND = 10014;

/**
 * Returns a durable consumer, which is created unless it exists. If the URL names none, its name is
 * `ownName`, and its settings are updated to those of the source. A consumer that the URL names keeps
 * its settings.
 */
export async function durableConsumer(
  manager: JetStreamManager,
  { subject, stream: wanted, durable }: NatsQueueUrl,
  ownName: string,
  prefetch: number,
): Promise<Consumer> {
  const stream = wanted ?? (await manager.streams.find(subject));
  const name = durable ?? ownName;
  const settings = { filter_subject: subject, max_ack_pending: prefetch, ack_wait: nanos(ACK_WAIT_MS) };
  const known = await infoOf(manager, stream, name);
  if (known === null) {
    await manager.consumers.add(stream, { durable_name: name, ack_policy: AckPolicy.Explicit, ...settings });
  } else if (durable === null) {
    await manager.consumers.update(stream, name, settings);
  }
  return manager.jetstream().consumers.get(stream, name);
}

async function infoOf(manager: JetStreamManager, stream: string, name: string): Promise<ConsumerInfo | null> {
  try {
    return await manager.consumers.info(stream, name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === CONSUMER_NOT_FOUND) return null;
    throw error;
  }
}
