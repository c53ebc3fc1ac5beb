import { takesBatches } from "../core/endpoint-url/index.ts";
import type { Facts } from "../core/facts.ts";
import { type SeqSource, seqAt } from "../core/id.ts";
import type { Clock } from "../ports.ts";
import type { Directory, EndpointEntry } from "../store/directory.ts";
import type { Queue } from "../store/index.ts";
import type { Targets } from "../targets/index.ts";
import type { DeliveryTime } from "./delivery-time.ts";
import { cancelExpunged } from "./expunged.ts";
import type { Lane } from "./lane.ts";
import { earliestStart } from "./lane-state.ts";
import type { Memory } from "./memory.ts";
import type { Waiting } from "./waiting.ts";

/** Maximum number of deliveries that a lane reads at once. */
const PAGE = 64;
/** Maximum number of a lane's deliveries whose content is read at once. */
const CONTENTS_AHEAD = 16;
const BURY_PAGE = 1000;
/** How long a lane rests if its next delivery waits for other processes, in ms. */
export const HIDDEN_REST_MS = 10;

export interface LaneReaderParts {
  readonly queue: Queue;
  readonly directory: Directory;
  readonly targets: Targets;
  readonly seqs: SeqSource;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly time: DeliveryTime;
  readonly facts: Facts;
  /** Maximum size of a payload, in bytes. */
  readonly payloadBytesMax: number;
  readonly isStopping: () => boolean;
}

/**
 * Reads the data that a lane needs before it can start its next attempt. A read may take as long as
 * a network call, and the lane may change during the read. Code that drops deliveries that were
 * read ahead increments the lane's `generation`; the result of a read that began earlier is then
 * discarded.
 */
export class LaneReader {
  constructor(private readonly parts: LaneReaderParts) {}

  /** Reads the lane's endpoint. Returns null if no read is necessary. */
  prepare(lane: Lane): Promise<void> | null {
    const known = this.parts.directory.endpoint(lane.endpointSeq);
    if (known instanceof Promise) return this.#awaitEntry(lane, known);
    this.#know(lane, known);
    return null;
  }

  async #awaitEntry(lane: Lane, reading: Promise<EndpointEntry | null>): Promise<void> {
    const { generation } = lane;
    const entry = await reading;
    if (entry === null) throw new Error(`Endpoint ${lane.endpointSeq} has pending deliveries but does not exist.`);
    if (lane.generation === generation) this.#know(lane, entry);
  }

  #know(lane: Lane, entry: EndpointEntry): void {
    lane.target = this.parts.targets.prepare(entry.endpoint, entry.keys, entry.payloadVersions);
    lane.entry = entry;
    // These were added before it was known that the endpoint gets batches.
    if (entry.endpoint.batch !== null && lane.ready.length > 0) this.parts.memory.release(lane);
  }

  /** Reads the next due deliveries of a lane. */
  async load(lane: Lane): Promise<void> {
    const { queue, seqs, memory, time } = this.parts;
    const { generation } = lane;
    const now = time.now();
    // Include all positions up to the current time, and those that were generated while the clock
    // stood still or stepped back.
    const upTo = Math.max(seqs.last + 1, seqAt(now + time.positionsAheadMs + 1) - 1);
    const room = Math.max(1, Math.min(PAGE, memory.roomForDeliveries));
    const limit = room + lane.held.size;
    if (lane.laterAt <= now) lane.rereadNotDue();
    const rows = await queue.due(lane.endpointSeq, lane.beginReading(), upTo, limit);
    if (lane.generation !== generation) return;
    for (const row of rows) {
      const delivery = row.batchSeq !== null && isSentAlone(lane) ? { ...row, batchSeq: null } : row;
      const startAt = earliestStart(delivery, time);
      if (!lane.isNews(delivery)) lane.skip(delivery);
      // The clock has been set since the delivery got its position.
      else if (startAt > now && !lane.isFifo) lane.skipNotDue(delivery, startAt, now);
      else memory.append(lane, delivery, null);
    }
    // Deliveries that are added later must get positions after these, even if the clock steps back.
    if (rows.length > 0) seqs.reach(rows.at(-1)!.position);
    if (rows.length === limit) {
      lane.continueBehindCursor();
    } else {
      // A row up to `upTo` that was not returned waits for an earlier one of another process.
      const next = await queue.nextPosition(lane.endpointSeq, lane.cursor);
      if (lane.generation !== generation) return;
      if (next !== null) lane.waitsOnDisk(next);
      if (next !== null && next <= upTo && lane.ready.length === 0) lane.restsUntil = time.now() + HIDDEN_REST_MS;
    }
    // Nothing was added. Let the event loop run before the next try.
    if (lane.ready.length === 0) lane.restsUntil = Math.max(lane.restsUntil, time.now() + 1);
  }

  /**
   * Reads the payloads of the next few deliveries before the first of them starts, so that they
   * start in order.
   */
  async fetchContents(lane: Lane, { endpoint }: EndpointEntry): Promise<void> {
    const { queue, memory } = this.parts;
    const { generation } = lane;
    const wanted = this.#withoutContent(lane);
    const contents = await queue.contents(wanted.map(({ delivery }) => delivery.messageSeq));
    for (let i = 0; i < wanted.length && lane.generation === generation; i++) {
      const content = contents[i];
      if (content?.payload) memory.keep(wanted[i]!, content);
      else await this.#cancel(lane, wanted[i]!, endpoint.environmentSeq);
    }
  }

  /** Returns the next deliveries without content, as many as fit into memory but at least one. */
  #withoutContent(lane: Lane): Waiting[] {
    const room = Math.floor(this.parts.memory.roomForPayloadBytes / this.parts.payloadBytesMax);
    const countMax = Math.max(1, Math.min(CONTENTS_AHEAD, room));
    const wanted: Waiting[] = [];
    for (let i = 0; i < lane.ready.length && i < CONTENTS_AHEAD && wanted.length < countMax; i++) {
      const waiting = lane.ready[i]!;
      if (waiting.content === null && waiting.delivery.batchSeq === null) wanted.push(waiting);
    }
    return wanted;
  }

  async #cancel(lane: Lane, waiting: Waiting, environmentSeq: number): Promise<void> {
    lane.ready.splice(lane.ready.indexOf(waiting), 1);
    this.parts.memory.letGo(lane, waiting);
    await cancelExpunged(this.parts, waiting.delivery, environmentSeq);
  }

  /** Ends all pending deliveries in a lane whose endpoint no longer accepts deliveries. */
  async bury(lane: Lane, entry: EndpointEntry): Promise<void> {
    const { queue, memory, clock, facts, isStopping } = this.parts;
    const { environmentSeq, deleted } = entry.endpoint;
    const state = deleted ? "cancelled" : "dead";
    memory.release(lane);
    lane.beginReading();
    let count = BURY_PAGE;
    // Continues until no delivery is left or the endpoint has been changed. A changed endpoint may
    // accept deliveries again.
    while (count === BURY_PAGE && lane.entry === entry && lane.isOwned && !isStopping()) {
      count = await queue.bury(lane.endpointSeq, state, clock.now(), BURY_PAGE);
      if (count > 0) facts.state({ type: "deliveries.buried", environmentSeq, state, count });
    }
  }
}

/**
 * Returns whether the members of a batch are sent one by one, because it was made for an earlier URL
 * whose protocol had batches.
 */
function isSentAlone({ entry }: Lane): boolean {
  return entry !== null && !takesBatches(entry.endpoint.url);
}
