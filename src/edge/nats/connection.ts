import { type JetStreamClient, jetstream } from "@nats-io/jetstream";
import { type NatsConnection as Client, headers as emptyHeaders } from "@nats-io/transport-node";
import type { ProtocolResult } from "../../core/protocol-answer.ts";
import type { NatsMessage } from "../../ports.ts";
import { orAborted, type SharedConnection } from "../connection-sharing.ts";

/** A connection for publishing. It is never reopened. */
export class NatsConnection implements SharedConnection {
  readonly #jetstream: JetStreamClient;
  #isOpen = true;
  #error: Error | null = null;
  #inUse = 0;
  readonly #idle = Promise.withResolvers<void>();

  constructor(private readonly client: Client) {
    this.#jetstream = jetstream(client);
    void client.closed().then((error) => {
      this.#isOpen = false;
      if (error instanceof Error) this.#error = error;
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Publishes a message and waits until a stream has stored it. Rejects with the error of the message
   * or of the connection, or with the reason of `signal`.
   */
  async publish(message: NatsMessage, timeoutMs: number, signal: AbortSignal): Promise<ProtocolResult> {
    const { subject, id: msgID, body } = message;
    const headers = emptyHeaders();
    for (const [name, value] of message.headers) headers.set(name, value);
    this.#inUse++;
    try {
      const publishing = this.#jetstream.publish(subject, body, { msgID, headers, timeout: timeoutMs });
      const { stream, seq, duplicate } = await orAborted(publishing, signal);
      return { status: 200, text: JSON.stringify({ stream, seq, ...(duplicate && { duplicate }) }) };
    } catch (error) {
      // Messages for a server that does not read them would fill the memory.
      if (signal.aborted) this.#isOpen = false;
      throw this.#error ?? error;
    } finally {
      this.#inUse--;
      if (!this.#isOpen && this.#inUse === 0) this.#idle.resolve();
    }
  }

  /** Ends the connection when no message is being published any more. */
  async close(): Promise<void> {
    this.#isOpen = false;
    if (this.#inUse > 0) await this.#idle.promise;
    await this.client.close();
  }
}
