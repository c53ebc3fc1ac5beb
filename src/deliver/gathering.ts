import { approximateBytes, type BatchLimits } from "../core/batch.ts";

interface GatheringLimits extends BatchLimits {
  /** Maximum size of a body. */
  readonly bytesMax: number;
}

/** The deliveries of a lane that wait for their batch to be closed. They are on disk. */
export class Gathering {
  constructor(
    /** Delivery time at which the batch is closed, or at which the lane must be read for another reason. */
    public wakeAt: number,
    private count: number,
    private bytes: number,
    /** Null if deliveries that are added cannot be sent before `wakeAt`. */
    private readonly limits: GatheringLimits | null,
  ) {}

  /** Returns the state of a lane in which nothing may be sent before a time. */
  static blocked(until: number): Gathering {
    return new Gathering(until, 0, 0, null);
  }

  /** Counts a delivery that was added to the lane. If the batch is full, it is closed at `now`. */
  add(payloadBytes: number, now: number): void {
    if (this.limits === null) return;
    this.count++;
    this.bytes += approximateBytes(payloadBytes);
    const isFull = this.count >= this.limits.maxMessages || this.bytes > this.limits.bytesMax;
    if (isFull) this.wakeAt = Math.min(this.wakeAt, now);
  }
}
