import type { Seq } from "../core/id.ts";
import { type Bucket, fullBucket, refill, spend, waitMs } from "../core/token-bucket.ts";
import type { KnownEndpoint } from "../store/index.ts";

/**
 * An endpoint or an application with its maximum number of attempts per second; null means no
 * limit.
 */
export interface Limited {
  readonly seq: Seq;
  readonly ratePerSecond: number | null;
}

type ThrottledEndpoint = Pick<KnownEndpoint, "seq" | "applicationSeq" | "throttleRate" | "applicationThrottleRate">;

/** The remaining tokens of a rate, and the endpoints that wait for a token. */
interface Share {
  bucket: Bucket;
  /** Time at which each endpoint will ask again. The first endpoint has waited longest. */
  readonly waiting: Map<Seq, number>;
}

/**
 * Maximum number of shares to keep. If there are more, the least recently used share is dropped and
 * later starts with a full bucket. Every bucket fills within a second, so this adds tokens only if
 * the share was used within the last second.
 */
const SHARES_MAX = 20_000;
/**
 * Delay in ms after which an endpoint that has not asked again is assumed to have nothing to send.
 * The endpoints behind it in the queue then go first.
 */
const LATE_MS = 100;

/**
 * Enforces the `throttleRate` of endpoints and applications. An application's endpoints queue for
 * its tokens, so that one endpoint cannot take all tokens by asking first.
 */
export class Throttle {
  readonly #shares = new Map<Seq, Share>();

  constructor(private readonly sharesMax: number = SHARES_MAX) {}

  /**
   * Takes one of the endpoint's tokens and one of its application's tokens. Returns how long the
   * attempt must wait, in ms; 0 means that it may start.
   */
  takeFor(endpoint: ThrottledEndpoint, now: number): number {
    const { seq, applicationSeq, throttleRate, applicationThrottleRate } = endpoint;
    if (throttleRate === null && applicationThrottleRate === null) return 0;
    const application = { seq: applicationSeq, ratePerSecond: applicationThrottleRate };
    return this.take({ seq, ratePerSecond: throttleRate }, application, now);
  }

  /**
   * Takes a token of the endpoint and a token of the application, or neither if one of them is
   * missing. Returns 0 if the attempt may start, otherwise the time to wait before asking again, in
   * ms.
   */
  take(endpoint: Limited, application: Limited, now: number): number {
    const own = this.#shareOf(endpoint, now);
    const common = this.#shareOf(application, now);
    const wait = waitIn(own, endpoint, endpoint.seq, now) || waitIn(common, application, endpoint.seq, now);
    if (wait > 0) return wait;
    for (const share of [own, common]) if (share !== null) share.bucket = spend(share.bucket);
    return 0;
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

/**
 * Returns how long this endpoint must wait for a token, behind the endpoints that are already in
 * the queue.
 */
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
