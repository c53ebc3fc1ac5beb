import type { Seq } from "../core/id.ts";
import { type Bucket, fullBucket, refill, spend, waitMs } from "../core/limit.ts";
import type { KnownEndpoint } from "../store/index.ts";

/** An endpoint or an application with a limit of attempts per second; null means no limit. */
export interface Limited {
  readonly seq: Seq;
  readonly ratePerSecond: number | null;
}

type ThrottledEndpoint = Pick<KnownEndpoint, "seq" | "applicationSeq" | "throttleRate" | "applicationThrottleRate">;

/**
 * `delivered` includes deliveries that succeeded in an earlier round. `failed` includes cancelled
 * deliveries, but excludes any that ever succeeded.
 */
interface Share {
  bucket: Bucket;
  /** When each endpoint asks again. The first one has waited longest. */
  readonly waiting: Map<Seq, number>;
}

/**
 * Shares to remember. Beyond it, the least recently used share is dropped and later starts with a
 * full bucket. Only a share that is dropped within a second of its use gains tokens by that,
 * because every bucket fills within a second.
 */
const SHARES_MAX = 20_000;
/**
 * An endpoint that is this late to ask again has nothing to send any more. Those behind it go
 * first.
 */
const LATE_MS = 100;

/**
 * Enforces the `throttleRate` of endpoints and applications. The endpoints of an application wait
 * in a queue for its tokens, so that the one that happens to ask first does not get them all.
 */
export class Throttle {
  readonly #shares = new Map<Seq, Share>();

  constructor(private readonly sharesMax: number = SHARES_MAX) {}

  /**
   * Takes a token of an endpoint and one of its application. Returns how long the attempt must
   * wait, in ms; 0 if it may start.
   */
  takeFor(endpoint: ThrottledEndpoint, now: number): number {
    const { seq, applicationSeq, throttleRate, applicationThrottleRate } = endpoint;
    if (throttleRate === null && applicationThrottleRate === null) return 0;
    const application = { seq: applicationSeq, ratePerSecond: applicationThrottleRate };
    return this.take({ seq, ratePerSecond: throttleRate }, application, now);
  }

  /**
   * Takes a token of both, or of neither. Returns 0 if the attempt may start, else the ms to wait
   * before asking again.
   */
  take(endpoint: Limited, application: Limited, now: number): number {
    const own = this.#shareOf(endpoint, now);
    const common = this.#shareOf(application, now);
    const wait = waitIn(own, endpoint, endpoint.seq, now) || waitIn(common, application, endpoint.seq, now);
    if (wait > 0) return wait;
    for (const share of [own, common]) if (share !== null) share.bucket = spend(share.bucket);
    return 0;
  }

  /**
   * Empties the queues. To be called when the clock has been set, because their times mean nothing
   * then.
   */
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

/** Returns how long this endpoint has to wait for a token, behind those that wait already. */
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
