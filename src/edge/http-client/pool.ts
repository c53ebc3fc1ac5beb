import type { Connection, ConnectionUser } from "./connection.ts";
import type { ConnectionTarget } from "./target.ts";

/**
 * Maximum number of idle connections, over all targets. If there are more, the target that was
 * added first loses its oldest connection.
 */
const CONNECTIONS_MAX = 1000;
/** Number of sweeps after which an idle connection is closed (50 to 60 seconds). */
export const idleSweepsMax = 6;
const SWEEP_MS = 10_000;

/**
 * Keeps idle connections. The most recently used one is reused first, so that surplus connections
 * become old and are closed.
 */
export class Pool implements ConnectionUser {
  /** Connections by target key, oldest first. No list is empty. */
  readonly #idle = new Map<string, Connection[]>();
  #count = 0;
  #sweeps = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly connectionsMax = CONNECTIONS_MAX) {}

  /** Number of idle connections. */
  get size(): number {
    return this.#count;
  }

  /** Removes and returns the connection that became idle last, or null if none is idle. */
  take({ key }: ConnectionTarget): Connection | null {
    const list = this.#idle.get(key);
    const connection = list?.pop();
    if (list === undefined || connection === undefined) return null;
    if (list.length === 0) this.#idle.delete(key);
    this.#count -= 1;
    return connection;
  }

  /** Adds an open connection whose last response is complete. */
  give(connection: Connection): void {
    if (this.#count >= this.connectionsMax) this.#closeOldest(this.#idle.keys().next().value!);
    connection.user = this;
    connection.idleSince = this.#sweeps;
    const list = this.#idle.get(connection.target.key);
    if (list === undefined) this.#idle.set(connection.target.key, [connection]);
    else list.push(connection);
    this.#count += 1;
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS);
    this.#timer.unref();
  }

  /**
   * Closes connections that have been idle for too long. A timer calls this while any connection is
   * idle.
   */
  sweep(): void {
    this.#sweeps += 1;
    for (const [key, list] of this.#idle) {
      const old = list.filter(({ idleSince }) => this.#sweeps - idleSince >= idleSweepsMax).length;
      for (let i = 0; i < old; i++) this.#closeOldest(key);
    }
    if (this.#count === 0) this.#stopTimer();
  }

  /** Closes the older half of each target's idle connections, to free descriptors. */
  shed(): void {
    for (const [key, list] of this.#idle) for (let i = Math.ceil(list.length / 2); i > 0; i--) this.#closeOldest(key);
    if (this.#count === 0) this.#stopTimer();
  }

  /** Closes all idle connections. */
  close(): void {
    for (const [key, list] of this.#idle) for (let i = list.length; i > 0; i--) this.#closeOldest(key);
    this.#stopTimer();
  }

  opened(): void {}

  /**
   * Called when the peer has sent bytes that no request asked for. The connection must not be
   * reused.
   */
  received(connection: Connection): void {
    this.#remove(connection);
    connection.abort();
  }

  ended(connection: Connection): void {
    this.#remove(connection);
  }

  #closeOldest(key: string): void {
    const oldest = this.#idle.get(key)![0]!;
    this.#remove(oldest);
    oldest.close();
  }

  #remove(connection: Connection): void {
    const { key } = connection.target;
    const list = this.#idle.get(key)!;
    list.splice(list.indexOf(connection), 1);
    if (list.length === 0) this.#idle.delete(key);
    this.#count -= 1;
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
