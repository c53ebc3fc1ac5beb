import type { Facts } from "../../core/facts.ts";
import type { Seq } from "../../core/id.ts";
import { Problem } from "../../core/problem.ts";
import type { Cancel, Clock } from "../../ports.ts";
import { StoreUnavailable } from "../../store/index.ts";
import type { ByteLease } from "../http/byte-budget.ts";
import type { Wait } from "./doorbell.ts";
import { TOKEN_ENDED } from "./event-stream.ts";

const KEEP_ALIVE_MS = 15_000;
/** Time after which a client that does not read is disconnected, in ms. */
const STALLED_MS = 60_000;
/** Time after which a stream tries again to get memory, in ms. */
const MEMORY_RETRY_MS = 500;

const KEEP_ALIVE = Buffer.from(": still here\n\n");
const CONNECTED = Buffer.from(": connected\n\n");

/** The next messages of a stream, as events. */
export interface EventPage {
  /** Empty if there are no messages. */
  readonly bytes: Uint8Array;
  /** The number to continue after. */
  readonly cursor: Seq;
  /** Whether more messages can be read at once. */
  readonly more: boolean;
}

/** Why a stream ends: its token has ended, or the client or the server closes the connection. */
export type StreamEnd = "token" | "closed";

interface Parts {
  readonly clock: Clock;
  readonly facts: Facts;
  readonly lease: ByteLease;
  readonly after: Seq;
  /** Aborted with a `StreamEnd` when the stream must end. */
  readonly over: AbortSignal;
  read(after: Seq): Promise<EventPage>;
  /** Waits for the next message of the application. */
  wait(ms: number): Wait;
  /** Called once when the stream has ended. */
  onEnd(): void;
}

/** The messages after a number as a stream of server-sent events for one client. */
export class MessageStream {
  #cursor: Seq;
  #hasEnded = false;
  #cancelStall: Cancel = () => {};

  constructor(private readonly parts: Parts) {
    this.#cursor = parts.after;
  }

  open(): ReadableStream<Uint8Array> {
    const { over } = this.parts;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          controller.enqueue(CONNECTED);
          over.addEventListener("abort", () => this.#close(controller));
        },
        pull: (controller) => this.#pull(controller),
        cancel: () => this.#end(),
      },
      { highWaterMark: 0 },
    );
  }

  /** Called when the client has read everything. */
  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { clock, facts, lease } = this.parts;
    this.#cancelStall();
    lease.end();
    try {
      const bytes = await this.#next();
      if (this.#hasEnded) return;
      controller.enqueue(bytes);
      this.#cancelStall = clock.after(STALLED_MS, () => this.#close(controller));
    } catch (error) {
      // The client connects again and continues after the last message.
      if (!(error instanceof StoreUnavailable)) facts.state({ type: "defect.found", where: "message stream", error });
      this.#close(controller);
    }
  }

  /** Returns the next events, or a comment if there are none for some time. */
  async #next(): Promise<Uint8Array> {
    const { clock, read, wait: begin } = this.parts;
    const startedAt = clock.steady();
    while (!this.#hasEnded) {
      // Begins before the read, so that no message is missed in between.
      const wait = begin(startedAt + KEEP_ALIVE_MS - clock.steady());
      const { bytes, cursor, more } = await read(this.#cursor).catch((error: unknown) => {
        wait.cancel();
        throw error;
      });
      if (bytes.length > 0 || more) wait.cancel();
      // What cannot be kept in memory now is read again.
      if (bytes.length > 0 && !(await this.#reserve(bytes.length))) continue;
      this.#cursor = cursor;
      if (bytes.length > 0) return bytes;
      await wait.over;
      if (clock.steady() - startedAt >= KEEP_ALIVE_MS) break;
    }
    return KEEP_ALIVE;
  }

  /** Returns false after a pause if clients that do not read use up the memory. */
  async #reserve(bytes: number): Promise<boolean> {
    const { lease, clock } = this.parts;
    try {
      lease.grow(bytes);
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      await new Promise<void>((resolve) => clock.after(MEMORY_RETRY_MS, resolve));
      return false;
    }
  }

  #close(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (this.#hasEnded) return;
    const reason = this.parts.over.reason as StreamEnd | undefined;
    if (reason === "token") controller.enqueue(Buffer.from(TOKEN_ENDED));
    this.#end();
    controller.close();
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#cancelStall();
    this.parts.lease.end();
    this.parts.onEnd();
  }
}
