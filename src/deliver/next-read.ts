import type { Clock } from "../ports.ts";
import type { EndpointEntry } from "../store/directory.ts";
import type { Feed } from "../store/index.ts";
import type { BatchPreparer } from "./batch-preparer.ts";
import type { BatchReader } from "./batch-reader.ts";
import type { DeliveryTime } from "./delivery-time.ts";
import type { Lane } from "./lane.ts";
import type { LaneReader } from "./lane-reader.ts";
import type { Waiting } from "./waiting.ts";

/** How long lanes are served after a wait for the changes of other processes, in ms. */
const SERVED_AFTER_WAIT_MS = 50;

export interface NextReadParts {
  readonly clock: Clock;
  readonly time: DeliveryTime;
  readonly reader: LaneReader;
  readonly batchReader: BatchReader;
  readonly preparer: BatchPreparer;
  readonly feed: Pick<Feed, "catchUp">;
}

/** Chooses what must be read for a lane before its next attempt, of a single delivery or of a batch. */
export class NextRead {
  /** Lanes are served until then without asking for the changes of other processes. */
  #currentUntil = Number.NEGATIVE_INFINITY;

  constructor(private readonly parts: NextReadParts) {}

  /**
   * Returns null if the changes of other processes are known, otherwise a promise that resolves when
   * they are. After such a wait, lanes are served for a while without asking again: if the changes
   * could never be read fast enough, nothing would be sent.
   */
  catchUp(now: number): Promise<void> | null {
    if (now < this.#currentUntil) return null;
    const catchingUp = this.parts.feed.catchUp();
    if (catchingUp === null) return null;
    return catchingUp.then(() => {
      this.#currentUntil = this.parts.time.now() + SERVED_AFTER_WAIT_MS;
    });
  }

  /** Returns whether the endpoint must be read again, because one of its older signing keys has expired. */
  isExpired({ validUntil }: EndpointEntry): boolean {
    return validUntil !== Number.POSITIVE_INFINITY && validUntil <= this.parts.clock.now();
  }

  /** Reads the lane's endpoint. Returns null if no read is necessary. */
  endpoint(lane: Lane): Promise<void> | null {
    return this.parts.reader.prepare(lane);
  }

  /** Returns what must be read for a lane whose endpoint is known. Null if its next attempt can start. */
  of(lane: Lane, entry: EndpointEntry): (() => Promise<void>) | null {
    const head = lane.ready[0];
    if (entry.endpoint.deleted || entry.endpoint.disabled) return () => this.parts.reader.bury(lane, entry);
    if (head === undefined) return () => this.#load(lane, entry);
    if (head.content === null && !head.batch?.request) return () => this.#fetch(lane, head, entry);
    return null;
  }

  /** Reads the next deliveries of a lane, or its next batch. */
  #load(lane: Lane, { endpoint: { batch } }: EndpointEntry): Promise<void> {
    return batch === null ? this.parts.reader.load(lane) : this.parts.batchReader.gather(lane, batch);
  }

  /** Reads the contents of the next deliveries, or of the next batch. */
  #fetch(lane: Lane, head: Waiting, entry: EndpointEntry): Promise<void> {
    const { reader, batchReader, preparer } = this.parts;
    if (head.batch !== null) return preparer.prepare(lane, head, entry);
    const { batchSeq } = head.delivery;
    return batchSeq === null ? reader.fetchContents(lane, entry) : batchReader.take(lane, batchSeq);
  }
}
