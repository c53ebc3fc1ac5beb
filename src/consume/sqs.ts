import { parseSqsUrl, type SqsQueue } from "../core/aws-url.ts";
import { type Broker, type BrokerConnection, BrokerError, type BrokerParts } from "./broker.ts";
import { callsTo, neverAborted, type SqsCall } from "./sqs-call.ts";
import { type SqsMessage, sqsMessagesOf } from "./sqs-message.ts";
import { SqsSettler } from "./sqs-settler.ts";

/** Maximum number of messages that SQS returns at once. */
const RECEIVED_MAX = 10;
/** Maximum number of requests for messages at the same time. */
const RECEIVERS_MAX = 8;
/** Time that SQS waits for a message, in seconds. SQS allows no more. */
const WAIT_SECONDS = 20;

/** Takes messages from queues of Amazon SQS, or of a server with the same protocol. */
export function openSqs(parts: BrokerParts): Broker {
  return {
    async connect({ url, tls }, signal) {
      const queue = parseSqsUrl(url);
      if (typeof queue === "string") throw new BrokerError(queue);
      const call = callsTo(parts, queue, tls);
      // This fails if the queue does not exist or the keys are wrong.
      await call("GetQueueAttributes", { AttributeNames: ["QueueArn"] }, signal).catch(unlessForbidden);
      return new SqsConnection(parts, queue, call);
    },
  };
}

/** Throws an error again, except a missing permission for the attributes of the queue: taking does not need it. */
function unlessForbidden(error: unknown): void {
  if (!(error instanceof BrokerError && error.message.startsWith("AccessDenied"))) throw error;
}

class SqsConnection implements BrokerConnection<SqsMessage> {
  readonly #settler: SqsSettler;
  /** Number of requests for messages at the same time. It doubles while each returns the maximum. */
  #receivers = 1;

  constructor(
    { clock }: BrokerParts,
    private readonly queue: SqsQueue,
    private readonly call: SqsCall,
  ) {
    this.#settler = new SqsSettler(clock, call);
  }

  async receive(max: number, signal: AbortSignal): Promise<readonly SqsMessage[]> {
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(new BrokerError("The connection was ended."));
    signal.addEventListener("abort", abort);
    try {
      for (;;) {
        const messages = await Promise.race([this.#receiveSome(max), aborted.promise]);
        if (messages.length > 0) return messages;
      }
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /**
   * Receives up to `max` messages with one request that waits for a message, or with several that do not
   * wait. Does not interrupt a request, because SQS may send messages in the response although nobody
   * reads it.
   */
  async #receiveSome(max: number): Promise<SqsMessage[]> {
    const count = Math.min(this.#receivers, Math.ceil(max / RECEIVED_MAX));
    const sizes = Array.from({ length: count }, (_, i) => Math.min(RECEIVED_MAX, max - i * RECEIVED_MAX));
    const waitSeconds = count === 1 ? WAIT_SECONDS : 0;
    const results = await Promise.allSettled(sizes.map((size) => this.#request(size, waitSeconds)));
    const received = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const messages = received.flat();
    const failed = results.find((result) => result.status === "rejected");
    // The messages of successful requests are taken even if other requests have failed.
    if (failed !== undefined && messages.length === 0) throw failed.reason;
    const isFull = received.every(({ length }) => length === RECEIVED_MAX);
    this.#receivers = isFull && failed === undefined ? Math.min(RECEIVERS_MAX, 2 * count) : 1;
    return messages;
  }

  async #request(max: number, waitSeconds: number): Promise<SqsMessage[]> {
    const input = { MaxNumberOfMessages: max, WaitTimeSeconds: waitSeconds, MessageAttributeNames: ["All"] };
    const { Messages: messages } = await this.call("ReceiveMessage", input, neverAborted, waitSeconds * 1000);
    const received = sqsMessagesOf(messages, max, this.queue);
    this.#settler.expect(received);
    return received;
  }

  /** Removes a refused message like a stored one, because SQS has no way to refuse it. */
  settle(message: SqsMessage): Promise<void> {
    return this.#settler.remove(message);
  }

  close(): Promise<void> {
    return this.#settler.release();
  }
}
