/** URLs of the queues from which sources take messages. */

import { amqpUrlProblem } from "./endpoint-url/amqp.ts";
import { kafkaConnectionParams, kafkaUrlProblem } from "./endpoint-url/kafka.ts";
import { natsUrlProblem, subjectProblem } from "./endpoint-url/nats.ts";
import { decoded, extraPartProblem } from "./endpoint-url/parts.ts";

const QUEUE_BYTES_MAX = 255;
const GROUP_BYTES_MAX = 255;
/** Names of streams and consumers (ADR-6 of NATS). */
const NATS_NAME = /^[^\s.*>/\\\p{Cc}]{1,255}$/u;

export interface AmqpQueueUrl {
  readonly queue: string;
}

export interface KafkaQueueUrl {
  /** The consumer group. Null means one that belongs to the source. */
  readonly group: string | null;
}

/** The subject from which a source takes messages, and by which consumer of JetStream. */
export interface NatsQueueUrl {
  /** May contain wildcards. */
  readonly subject: string;
  /** Null means the stream that takes the subject. */
  readonly stream: string | null;
  /** The name of the durable consumer. Null means one that belongs to the source. */
  readonly durable: string | null;
}

/** Returns the queue of a URL such as `amqp://user:password@host/vhost?queue=orders`, or the error in it. */
export function parseAmqpQueueUrl(url: URL): AmqpQueueUrl | string {
  if (url.protocol !== "amqp:" && url.protocol !== "amqps:") return "The scheme of the URL must be amqps or amqp.";
  if (url.hostname === "") return "The URL must have a host.";
  const problem = amqpUrlProblem(url) ?? extraPartProblem(url, ["queue"]);
  if (problem !== null) return problem;
  const queue = url.searchParams.get("queue") ?? "";
  const isName = queue !== "" && Buffer.byteLength(queue) <= QUEUE_BYTES_MAX;
  return isName ? { queue } : `The URL must name a queue, as ?queue=orders, with at most ${QUEUE_BYTES_MAX} bytes.`;
}

/** Returns the group of a URL such as `kafka://host/orders?group=shop`, or the error in it. */
export function parseKafkaQueueUrl(url: URL): KafkaQueueUrl | string {
  if (url.protocol !== "kafka:") return "The scheme of the URL must be kafka.";
  if (url.hostname === "") return "The URL must have a host.";
  const problem = kafkaUrlProblem(url) ?? extraPartProblem(url, ["group", ...kafkaConnectionParams]);
  if (problem !== null) return problem;
  const group = url.searchParams.get("group");
  const isName = group === null || (group !== "" && Buffer.byteLength(group) <= GROUP_BYTES_MAX);
  return isName ? { group } : `The name of a group has 1 to ${GROUP_BYTES_MAX} bytes.`;
}

/** Returns what a URL such as `nats://host/orders.*?stream=ORDERS&durable=shop` names, or the error in it. */
export function parseNatsQueueUrl(url: URL): NatsQueueUrl | string {
  if (url.protocol !== "nats:") return "The scheme of the URL must be nats.";
  if (url.hostname === "") return "The URL must have a host.";
  const problem = natsUrlProblem(url) ?? extraPartProblem(url, ["stream", "durable", "tls"]);
  if (problem !== null) return problem;
  const subject = decoded(url.pathname.slice(1)) ?? "";
  const [stream, durable] = [url.searchParams.get("stream"), url.searchParams.get("durable")];
  const wrong = [stream, durable].find((name) => name !== null && !NATS_NAME.test(name));
  if (wrong !== undefined) return "The name of a stream or consumer has no spaces, dots, wildcards and slashes.";
  return subjectProblem(subject, { hasWildcards: true }) ?? { subject, stream, durable };
}
