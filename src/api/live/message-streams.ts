import type { Facts } from "../../core/facts.ts";
import type { Seq } from "../../core/id.ts";
import { Problem } from "../../core/problem.ts";
import type { Clock } from "../../ports.ts";
import type { MessageFilter } from "../../store/index.ts";
import type { ByteLease } from "../http/byte-budget.ts";
import type { Admission } from "../identity/admission.ts";
import { Doorbell } from "./doorbell.ts";
import { type EventPage, MessageStream, type StreamEnd } from "./message-stream.ts";

/** Maximum number of open streams: in total, and of one application. */
const STREAMS_MAX = 2_000;
const STREAMS_PER_APPLICATION_MAX = 1_000;
const BUSY_RETRY_SECONDS = 10;

/** What a client wants to get. */
export interface StreamRequest {
  readonly applicationSeq: Seq;
  readonly filter: MessageFilter;
  /** The stream begins after the message with this number. */
  readonly after: Seq;
  readonly admission: Admission;
  /** Aborted when the client disconnects. */
  readonly client: AbortSignal;
  /** The memory for what waits to be sent to this client. */
  readonly lease: ByteLease;
  /** Reads the next messages after a number. */
  read(after: Seq): Promise<EventPage>;
}

/** The streams of one application. */
class Room {
  streams = 0;
  /** Number of messages accepted since the room exists. */
  accepted = 0;
  /** The reads under way. */
  readonly reads = new Map<string, Promise<EventPage>>();
}

interface Parts {
  readonly facts: Facts;
  readonly clock: Clock;
  readonly stopping: AbortSignal | undefined;
  /** Returns whether other instances accept messages too. By default none do. */
  readonly isShared?: () => boolean;
}

/**
 * Streams of messages as server-sent events. Each stream reads from the store as fast as its client
 * reads. Streams that are at the same message share a read.
 */
export class MessageStreams {
  readonly #rooms = new Map<Seq, Room>();
  readonly #doorbell: Doorbell;
  #count = 0;

  constructor(private readonly parts: Parts) {
    const { facts, clock, stopping } = parts;
    this.#doorbell = new Doorbell(
      facts,
      clock,
      stopping,
      {
        waitingMax: STREAMS_MAX,
        waitingPerApplicationMax: STREAMS_PER_APPLICATION_MAX,
      },
      parts.isShared,
    );
    facts.on(["message.accepted"], ({ applicationSeq }) => {
      const room = this.#rooms.get(applicationSeq);
      if (room !== undefined) room.accepted++;
    });
  }

  /** Opens a stream. Throws 429 if there are too many. */
  open(request: StreamRequest): ReadableStream<Uint8Array> {
    const { applicationSeq, filter, after, lease, client, admission } = request;
    const room = this.#enter(applicationSeq);
    const { clock, stopping, facts } = this.parts;
    const over = new AbortController();
    const end = (reason: StreamEnd) => over.abort(reason);
    const stopWatching = admission.watch(() => end("token"));
    const signals = [client, ...(stopping === undefined ? [] : [stopping])];
    const onAbort = () => end("closed");
    for (const signal of signals) signal.addEventListener("abort", onAbort);
    const stream = new MessageStream({
      ...{ clock, facts, lease, after, over: over.signal },
      read: (from) => this.#share(room, `${from} ${JSON.stringify(filter)}`, () => request.read(from)),
      wait: (ms) => this.#doorbell.wait(applicationSeq, ms, over.signal),
      onEnd: () => {
        stopWatching();
        for (const signal of signals) signal.removeEventListener("abort", onAbort);
        this.#leave(applicationSeq, room);
      },
    });
    return stream.open();
  }

  #enter(applicationSeq: Seq): Room {
    const room = this.#rooms.get(applicationSeq) ?? new Room();
    if (this.#count >= STREAMS_MAX || room.streams >= STREAMS_PER_APPLICATION_MAX) {
      throw new Problem(429, "too_many_listeners", "Too many streams are open. Try again later.", BUSY_RETRY_SECONDS);
    }
    this.#rooms.set(applicationSeq, room);
    room.streams++;
    this.#count++;
    return room;
  }

  #leave(applicationSeq: Seq, room: Room): void {
    room.streams--;
    this.#count--;
    if (room.streams === 0) this.#rooms.delete(applicationSeq);
  }

  /**
   * Shares a read that is under way. A read that began before the latest message was accepted may lack
   * this message, so it is not shared.
   */
  #share({ reads, accepted }: Room, what: string, read: () => Promise<EventPage>): Promise<EventPage> {
    const key = `${accepted} ${what}`;
    const known = reads.get(key);
    if (known !== undefined) return known;
    const reading = read().finally(() => reads.delete(key));
    reads.set(key, reading);
    return reading;
  }
}
