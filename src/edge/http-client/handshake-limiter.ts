import type { Cancel } from "../../ports.ts";

/** Number of running handshakes at or below which a new group starts. */
const RUNNING_LOW = 5;
/**
 * Number of running handshakes up to which a group is filled. The handshakes that start one per
 * turn of the event loop may exceed it.
 */
const RUNNING_HIGH = 32;

interface Handshake {
  readonly start: () => void;
  isRunning: boolean;
}

/**
 * Starts TLS handshakes in order, in groups that the runtime can finish.
 *
 * In one turn of the event loop, the runtime reads from at most five connections that are in their
 * handshake, the latest first (uSockets in Bun 1.4.5). If handshakes start faster than that, the
 * oldest ones are not read until they time out. So the next group starts only when nearly all
 * handshakes of the previous group have ended. Until then one handshake starts in each turn, so
 * that peers that hang do not block other handshakes. The runtime can read fast enough for one
 * handshake per turn, because a handshake takes only two or three reads.
 */
export class HandshakeLimiter {
  readonly #waiting = new Set<Handshake>();
  #running = 0;
  #isTurnAwaited = false;

  /**
   * Calls `start` now or later. The caller must call the returned function when the handshake has
   * ended, or to cancel it while it is waiting.
   */
  run(start: () => void): Cancel {
    const handshake = { start, isRunning: false };
    this.#waiting.add(handshake);
    this.#startGroup();
    return () => this.#end(handshake);
  }

  #end(handshake: Handshake): void {
    if (this.#waiting.delete(handshake) || !handshake.isRunning) return;
    handshake.isRunning = false;
    this.#running -= 1;
    this.#startGroup();
  }

  #startGroup(): void {
    if (this.#running <= RUNNING_LOW) while (this.#running < RUNNING_HIGH && this.#startNext());
    if (this.#waiting.size === 0 || this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    setImmediate(() => this.#nextTurn());
  }

  #nextTurn(): void {
    this.#isTurnAwaited = false;
    this.#startNext();
    this.#startGroup();
  }

  /** Starts the next waiting handshake. Returns false if none is waiting. */
  #startNext(): boolean {
    const [next] = this.#waiting;
    if (next === undefined) return false;
    this.#waiting.delete(next);
    next.isRunning = true;
    this.#running += 1;
    next.start();
    return true;
  }
}
