import { type JetStreamClient, jetstream } from "@nats-io/jetstream";
import { type NatsConnection as Client, headers as emptyHeaders } from "@nats-io/transport-node";
import type { ProtocolResult } from "../../core/protocol-answer.ts";
import type { NatsMessage } from "../../ports.ts";
import type { SharedConnection } from "../connection-sharing.ts";
import { ConnectionUse } from "../connection-use.ts";

/** A connection for publishing. It is never reopened. */
export class NatsConnection implements SharedConnection {
  readonly #jetstream: JetStreamClient;
  readonly #use = new ConnectionUse();
  #error: Error | null = null;

  constructor(private readonly client: Client) {
    this.#jetstream = jetstream(client);
    void client.closed().then((error) => {
      this.#use.end();
      if (error instanceof Error) this.#error = error;
    });
  }

  get isOpen(): boolean {
    return this.#use.isOpen;
  }

  /**
   * Publishes a message and waits until a stream has stored it. Rejects with the error of the message
   * or of the connection, or with the reason of `signal`.
   */
  async publish(message: NatsMessage, timeoutMs: number, signal: AbortSignal): Promise<ProtocolResult> {
    const { subject, id: msgID, body } = message;
    const headers = emptyHeaders();
    for (const [name, value] of message.headers) headers.set(name, value);
    try {
      const publishing = this.#jetstream.publish(subject, body, { msgID, headers, timeout: timeoutMs });
      const { stream, seq, duplicate } = await this.#use.during(publishing, signal);
      return { status: 200, text: JSON.stringify({ stream, seq, ...(duplicate && { duplicate }) }) };
    } catch (error) {
      throw this.#error ?? error;
    }
  }

  /** Ends the connection when no message is being published any more. */
  async close(): Promise<void> {
    await this.#use.endWhenIdle();
    await this.client.close();
  }
}
