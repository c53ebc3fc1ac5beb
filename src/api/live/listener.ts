import type { MessageCopier } from "../../commands/message-copy.ts";
import { CLOSE } from "../../core/close-code.ts";
import { frameBody } from "../../core/frame-body.ts";
import type { IdCodec, Seq } from "../../core/id.ts";
import { doneCount, LISTENER_WINDOW, type ListenerFrame } from "../../core/listener.ts";
import type { Clock } from "../../ports.ts";
import type { Message, Store } from "../../store/index.ts";
import type { Socket, SocketEvents } from "../http/web-socket.ts";
import type { Identity } from "../identity/identity.ts";
import type { PageReader } from "../resources/message/page-reader.ts";
import { type Beginning, type Followed, skipFor } from "./listener-position.ts";

/** Size of unacknowledged payloads, in bytes, from which on a listener gets no more messages. */
const UNACKNOWLEDGED_BYTES_MAX = 2 * 1024 * 1024;
const PAGE_ROWS = 64;
/** Time between two checks of how far behind a slow client is, in ms. A check reads all rows that wait. */
const BEHIND_CHECK_EVERY_MS = 1000;

export interface ListenerParts {
  readonly store: Store;
  readonly ids: IdCodec;
  readonly pages: PageReader;
  readonly clock: Pick<Clock, "steady">;
  readonly copier: MessageCopier;
}

/**
 * Copies the messages of an application to one connection. It reads the stored messages from a cursor,
 * so only messages that are being sent are in memory, however slow the client is.
 */
export class Listener implements SocketEvents {
  #socket: Socket | null = null;
  #cursor: Seq;
  /** Sizes of the unacknowledged payloads, oldest first. */
  readonly #sent: number[] = [];
  #sentBytes = 0;
  #behindCheckedAt = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => {};
  #error: unknown = null;

  constructor(
    private readonly parts: ListenerParts,
    private readonly identity: Identity,
    private readonly followed: Followed,
    private readonly start: Beginning & { readonly isResumed: boolean },
    /** Called once, with an error if the listener failed. */
    private readonly onClose: (error: unknown) => void,
  ) {
    this.#cursor = start.cursor;
  }

  open(socket: Socket): void {
    this.#socket = socket;
    const { requestedUntil } = this.start;
    const until = requestedUntil === 0 ? null : this.#id(requestedUntil);
    this.#send({ type: "ready", after: this.#id(this.#cursor), requestedUntil: until });
    this.#run().catch((error) => {
      this.#error = error;
      this.end(CLOSE.serverStops);
    });
  }

  message(_: Socket, data: string | Uint8Array): void {
    const count = typeof data === "string" ? doneCount(data) : null;
    if (count === null || count > this.#sent.length) {
      this.end(CLOSE.invalidFrame);
      return;
    }
    for (const bytes of this.#sent.splice(0, count)) this.#sentBytes -= bytes;
    this.#wake();
  }

  /** Does nothing, because acknowledgements show when there is room. */
  drain(): void {}

  /** Must be called when a message of the application was accepted. */
  ring(): void {
    this.#wake();
  }

  close(): void {
    this.#socket = null;
    this.#wake();
    this.onClose(this.#error);
  }

  /** Closes the connection. */
  end(code: number): void {
    this.#socket?.close(code);
  }

  async #run(): Promise<void> {
    for (const seq of this.start.singles) {
      await this.#room();
      const message = await this.parts.store.history.messages.get(seq);
      if (message !== null) this.#copy(message, this.#cursor);
    }
    if (this.start.isResumed && this.#maySkip) await this.#skip();
    while (this.#socket !== null) {
      const isFree = await this.#room();
      if (!isFree && this.#maySkip) await this.#checkBehind();
      const rung = this.#nextWake();
      if (!(await this.#copyPage())) await rung;
    }
  }

  /** Waits until the client may get another message. Returns false if it had to wait. */
  async #room(): Promise<boolean> {
    if (this.#socket === null || !this.#isFull) return true;
    while (this.#socket !== null && this.#isFull) await this.#nextWake();
    return false;
  }

  /** Whether the listener has got the stored messages that it has requested. */
  get #maySkip(): boolean {
    return this.#cursor >= this.start.requestedUntil;
  }

  get #isFull(): boolean {
    return this.#sent.length >= LISTENER_WINDOW || this.#sentBytes >= UNACKNOWLEDGED_BYTES_MAX;
  }

  /** Resolves at the next message, acknowledgement or end of the connection. */
  #nextWake(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Copies the next messages. Returns false if there are none. */
  async #copyPage(): Promise<boolean> {
    const { store, pages } = this.parts;
    const { applicationSeq, filter } = this.followed;
    const limit = Math.min(PAGE_ROWS, LISTENER_WINDOW - this.#sent.length);
    const request = { limit, from: this.#cursor, backwards: false, order: "ascending" } as const;
    const read = async () =>
      pages.withPayloads(await store.history.messages.list(applicationSeq, filter, request, false), false);
    const page = await pages.inTurn(this.identity, read, true);
    for (const message of page.rows) {
      this.#cursor = message.seq;
      this.#copy(message, this.#cursor);
    }
    if (page.resume !== undefined) this.#cursor = page.resume;
    return page.rows.length > 0 || page.more;
  }

  /** Checks how far behind the client is, unless it has just been checked. */
  async #checkBehind(): Promise<void> {
    const now = this.parts.clock.steady();
    if (now - this.#behindCheckedAt < BEHIND_CHECK_EVERY_MS) return;
    this.#behindCheckedAt = now;
    await this.#skip();
  }

  /** Skips messages if the client is too far behind. */
  async #skip(): Promise<void> {
    const skip = await skipFor(this.parts.store, this.followed, this.#cursor);
    if (skip === null) return;
    const { count, isAtLeast, cursor } = skip;
    this.#cursor = cursor;
    this.#send({ type: "skipped", count, isAtLeast, after: this.#id(cursor) });
  }

  /** Sends a message. A client that connects again continues after the message `after`. */
  #copy(message: Message, after: Seq): void {
    const { seq, eventType, payload } = message;
    const bytes = payload?.length ?? 0;
    this.#sent.push(bytes);
    this.#sentBytes += bytes;
    this.#send({
      ...{ type: "message", after: this.#id(after), id: this.#id(seq), eventType },
      ...this.parts.copier.copyOf(message),
      ...(payload !== null && frameBody(payload)),
    });
  }

  #id(seq: Seq): string {
    return this.parts.ids.encode("msg_", seq);
  }

  #send(frame: ListenerFrame): void {
    // Zero means that the frame was dropped. The client gets it after it has connected again.
    if (this.#socket?.sendText(JSON.stringify(frame)) === 0) this.#socket?.terminate();
  }
}
