import type { Facts } from "../../core/facts.ts";
import type { IdCodec, Seq } from "../../core/id.ts";
import { Problem } from "../../core/problem.ts";
import type { Signals } from "../../core/signal.ts";
import type { Cancel, Clock } from "../../ports.ts";
import type { Admission } from "../identity/admission.ts";
import type { Identity } from "../identity/identity.ts";
import { ChangeWatch } from "./change-watch.ts";
import { ALL_CHANGED, type Changed, ChangedItems } from "./changed.ts";
import { differenceOf } from "./difference.ts";
import { eventOf, eventStream, type Sender } from "./event-stream.ts";
import type { OverviewSource } from "./overview-source.ts";

const LISTENERS_MAX = 1000;
/** Maximum number of listeners of one environment, so that no environment uses up all places. */
const LISTENERS_PER_ENVIRONMENT_MAX = 100;
const MIN_GAP_MS = 1000;
const BUSY_RETRY_SECONDS = 10;
type Viewer = Pick<Identity, "environmentSeq">;
type Overview = Awaited<ReturnType<OverviewSource["of"]>>;

interface Listener extends Viewer, Sender {
  /** What the client has been sent; null for a client that gets the whole overview with each event. */
  base: Overview | null;
  /** Whether the client has not been sent an event, because it does not read. */
  hasMissed: boolean;
}

/** The listeners of an environment, and what has changed since their last event. */
class Room {
  readonly listeners = new Set<Listener>();
  readonly items = new ChangedItems();
  hasChanged = false;
  /** Number of streams that are being opened. What changes in the meantime is collected for them. */
  opening = 0;
  /** Number of rounds of events so far. */
  rounds = 0;
}

interface Parts {
  readonly source: Pick<OverviewSource, "of">;
  readonly clock: Clock;
  readonly facts: Facts;
  readonly signals: Signals;
  readonly ids: IdCodec;
  /** Returns the environment of an application; null if there is no such application. */
  environmentOf(applicationSeq: Seq): Promise<Seq | null>;
}

/**
 * Sends the overview to listeners when it has changed, at most once per second, or only what
 * differs from the event before. Each update reads the store once per environment.
 */
export class Live {
  readonly #rooms = new Map<Seq, Room>();
  readonly #watch: ChangeWatch;
  #listenerCount = 0;
  #timer: Cancel | null = null;
  #lastSentAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: Parts) {
    const rooms = this.#rooms;
    this.#watch = new ChangeWatch(
      {
        get isEmpty() {
          return rooms.size === 0;
        },
        itemsOf: (environmentSeq) => this.#changed(this.#rooms.get(environmentSeq)),
        everywhere: () => [...this.#rooms.values()].map((room) => this.#changed(room)!),
        wake: () => this.#schedule(),
      },
      parts,
    );
  }

  /**
   * Opens a stream of server-sent events, with differences after the first one if `differences` is
   * true. It ends with the event `end` when the caller's permission ends. Throws 429 if there are
   * too many listeners.
   */
  async open(
    { environmentSeq }: Viewer,
    admission: Admission,
    { differences = false }: { readonly differences?: boolean } = {},
  ): Promise<ReadableStream<Uint8Array>> {
    this.#refuseWhenFull(environmentSeq);
    const room = this.#room(environmentSeq);
    const { rounds } = room;
    room.opening++;
    try {
      const { clock } = this.parts;
      const overview = await this.#read(environmentSeq);
      // Other streams may have been opened since the first check.
      this.#refuseWhenFull(environmentSeq);
      const base = differences ? overview : null;
      // Other streams may have been sent events since the overview was read.
      const hasMissed = room.rounds !== rounds;
      return eventStream({ clock, admission, first: eventOf("overview", overview) }, (sender) =>
        this.#add(room, { environmentSeq, base, hasMissed, ...sender }),
      );
    } finally {
      room.opening--;
      this.#leave(environmentSeq, room);
    }
  }

  /** Ends all streams, because the server is stopping. */
  close(): void {
    for (const room of [...this.#rooms.values()]) for (const listener of [...room.listeners]) listener.end();
  }

  #refuseWhenFull(environmentSeq: Seq): void {
    const own = this.#rooms.get(environmentSeq)?.listeners.size ?? 0;
    if (this.#listenerCount < LISTENERS_MAX && own < LISTENERS_PER_ENVIRONMENT_MAX) return;
    throw new Problem(429, "too_many_listeners", "Too many streams are open. Try again later.", BUSY_RETRY_SECONDS);
  }

  /** Reads the overview. If a part of it is out of date, another event follows when it can be read. */
  #read(environmentSeq: Seq): Promise<Overview> {
    return this.parts.source.of(environmentSeq, () => {
      this.#changed(this.#rooms.get(environmentSeq))?.topic("environment");
    });
  }

  #room(environmentSeq: Seq): Room {
    const room = this.#rooms.get(environmentSeq) ?? new Room();
    this.#rooms.set(environmentSeq, room);
    return room;
  }

  #leave(environmentSeq: Seq, room: Room): void {
    if (room.listeners.size === 0 && room.opening === 0) this.#rooms.delete(environmentSeq);
  }

  /** Adds a listener. Returns the function that removes it. */
  #add(room: Room, listener: Listener): () => void {
    room.listeners.add(listener);
    this.#listenerCount++;
    return () => {
      if (!room.listeners.delete(listener)) return;
      this.#listenerCount--;
      this.#leave(listener.environmentSeq, room);
    };
  }

  /** Returns where to collect a change; null if nobody listens. */
  #changed(room: Room | undefined): ChangedItems | null {
    if (room === undefined) return null;
    room.hasChanged = true;
    this.#schedule();
    return room.items;
  }

  #schedule(): void {
    if (this.#timer !== null || this.#rooms.size === 0) return;
    const sinceMs = this.parts.clock.steady() - this.#lastSentAt;
    const waitMs = Math.min(MIN_GAP_MS, Math.max(0, MIN_GAP_MS - sinceMs));
    this.#timer = this.parts.clock.after(waitMs, () => void this.#sendAll());
  }

  async #sendAll(): Promise<void> {
    this.#timer = null;
    this.#lastSentAt = this.parts.clock.steady();
    await this.#watch.placeEndpoints();
    for (const [environmentSeq, room] of [...this.#rooms]) {
      if (!room.hasChanged) continue;
      room.hasChanged = false;
      const overview = await this.#read(environmentSeq).catch(() => null);
      // The store is unavailable, so the overview is sent with the next change.
      if (overview === null) room.hasChanged = true;
      else {
        room.rounds++;
        sendTo(room.listeners, overview, room.items.take(this.parts.ids));
      }
    }
  }
}

/** Sends each listener what it has asked for. Listeners that have been sent the same share the work. */
function sendTo(listeners: ReadonlySet<Listener>, overview: Overview, changed: Changed): void {
  let whole: string | null = null;
  const wholeText = () => {
    whole ??= eventOf("overview", overview);
    return whole;
  };
  const texts = new Map<Overview, string>();
  for (const listener of listeners) {
    const { base, hasMissed } = listener;
    if (base === null) {
      listener.send(wholeText());
      continue;
    }
    const text = hasMissed
      ? changeOf(base, overview, ALL_CHANGED, wholeText)
      : (texts.get(base) ?? changeOf(base, overview, changed, wholeText));
    if (!hasMissed) texts.set(base, text);
    listener.hasMissed = !listener.send(text);
    if (!listener.hasMissed) listener.base = overview;
  }
}

function changeOf(base: Overview, next: Overview, changed: Changed, whole: () => string): string {
  const difference = differenceOf(base, next);
  return difference === null ? whole() : eventOf("change", { ...difference, changed });
}
