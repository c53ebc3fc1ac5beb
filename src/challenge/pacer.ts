import type { Seq } from "../core/id.ts";

/**
 * How often new challenges begin. A token that creates endpoints thus cannot make the server flood
 * a receiver that never asked for webhooks.
 */
interface Rate {
  /** Number of challenges that may begin at once after a rest. */
  readonly burst: number;
  /** Time between the challenges that follow, in ms. */
  readonly everyMs: number;
}

const OF_APPLICATION: Rate = { burst: 5, everyMs: 10_000 };
const OF_HOST: Rate = { burst: 20, everyMs: 1000 };
/** Maximum time that a challenge waits for its turn, in ms. */
const WAIT_MS_MAX = 3_600_000;
/** Maximum number of applications and of hosts that are remembered. The oldest are dropped. */
const KEYS_MAX = 10_000;

/** Assigns the times of the first tries of challenges, and of those that a request asks for. */
export class Pacer {
  readonly #applications = new Turns<Seq>(OF_APPLICATION);
  readonly #hosts = new Turns<string>(OF_HOST);

  /** Reserves the next turn and returns its time. */
  reserve(applicationSeq: Seq, host: string, now: number): number {
    const turn = this.#applications.reserve(applicationSeq, now);
    // Only applications within their own rate use up the turns of a host that others use too.
    const at = turn > now ? turn : this.#hosts.reserve(host, now);
    return Math.min(at, now + WAIT_MS_MAX);
  }

  /** Returns how long an application must wait for its next turn, in ms; 0 if it has one now. */
  waitMs(applicationSeq: Seq, now: number): number {
    return Math.min(this.#applications.next(applicationSeq, now) - now, WAIT_MS_MAX);
  }
}

class Turns<Key> {
  /** The time at which the key has had a full rest. */
  readonly #restedAt = new Map<Key, number>();

  constructor(private readonly rate: Rate) {}

  /** Returns the time of the next turn, which is `now` or later. */
  next(key: Key, now: number): number {
    const { burst, everyMs } = this.rate;
    // A clock that was set back must not make a key wait longer than the longest queue.
    const restedAt = Math.min(this.#restedAt.get(key) ?? 0, now + WAIT_MS_MAX + burst * everyMs);
    return Math.max(now, restedAt - (burst - 1) * everyMs);
  }

  reserve(key: Key, now: number): number {
    const at = this.next(key, now);
    const restedAt = Math.max(now, Math.min(this.#restedAt.get(key) ?? 0, now + WAIT_MS_MAX)) + this.rate.everyMs;
    this.#restedAt.delete(key);
    if (this.#restedAt.size >= KEYS_MAX) this.#restedAt.delete(this.#restedAt.keys().next().value!);
    this.#restedAt.set(key, restedAt);
    return at;
  }
}
