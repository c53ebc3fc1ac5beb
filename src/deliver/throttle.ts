import type { Seq } from "../core/id.ts";
import { type Bucket, fullBucket, refill, spend, waitMs } from "../core/limit.ts";

/** Something that may start only so many attempts a second: an endpoint or an application. Null = as many as it likes. */
export interface Limited {
  readonly seq: Seq;
  readonly ratePerSecond: number | null;
}

/** What one rate has left, and who waits for it. */
interface Share {
  bucket: Bucket;
  /** The endpoints that were told to ask again, and when. The first has waited longest. */
  readonly waiting: Map<Seq, number>;
}

/**
 * Shares that are kept; the one that was not asked for longest goes first, and has a full bucket when it comes back. That gives
 * nothing away unless more than this many are used within a second, for no bucket takes longer to fill.
 */
const SHARES_MAX = 20_000;
/** Who does not ask again within this time has nothing to send any more, and must not hold up those behind it. */
const LATE_MS = 100;

/**
 * Holds attempts to the `throttleRate` of their endpoint and to that of its application, whose endpoints take turns: who has
 * to wait gets a place in line, so the one that asks first after each token does not get them all.
 */
export class Throttle {
  readonly #shares = new Map<Seq, Share>();

  constructor(private readonly sharesMax: number = SHARES_MAX) {}

  /** Takes a token of both, or of none. 0 = go, else whole ms to wait before asking again. */
  take(endpoint: Limited, application: Limited, now: number): number {
    const own = this.#shareOf(endpoint, now);
    const common = this.#shareOf(application, now);
    const wait = waitIn(own, endpoint, endpoint.seq, now) || waitIn(common, application, endpoint.seq, now);
    if (wait > 0) return wait;
    for (const share of [own, common]) if (share !== null) share.bucket = spend(share.bucket);
    return 0;
  }

  /** When they were told to ask again may be far away by the clock as it is now. */
  forgetWaiting(): void {
    for (const { waiting } of this.#shares.values()) waiting.clear();
  }

  #shareOf({ seq, ratePerSecond }: Limited, now: number): Share | null {
    if (ratePerSecond === null) return null;
    const share = this.#shares.get(seq) ?? { bucket: fullBucket(ratePerSecond, now), waiting: new Map() };
    share.bucket = refill(share.bucket, ratePerSecond, now);
    this.#shares.delete(seq);
    if (this.#shares.size >= this.sharesMax) this.#shares.delete(this.#shares.keys().next().value!);
    this.#shares.set(seq, share);
    return share;
  }
}

/** How long this endpoint has to wait for its token, behind those that wait already. */
function waitIn(share: Share | null, { ratePerSecond }: Limited, endpointSeq: Seq, now: number): number {
  if (share === null || ratePerSecond === null) return 0;
  const { bucket, waiting } = share;
  let ahead = 0;
  for (const [seq, askAt] of waiting) {
    if (seq === endpointSeq) break;
    if (askAt + LATE_MS < now) waiting.delete(seq);
    else ahead++;
  }
  const wait = waitMs(bucket, ratePerSecond, ahead + 1);
  if (wait > 0) waiting.set(endpointSeq, now + wait);
  else waiting.delete(endpointSeq);
  return wait;
}
