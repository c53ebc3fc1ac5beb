import type { Connection, ConnectionUser } from "./connection.ts";
import type { ConnectionTarget } from "./target.ts";

/** To all targets together. Beyond it, the oldest one is closed of a target that has been in the pool for longest. */
const CONNECTIONS_MAX = 1000;
/** A connection is closed when it has been idle for this many sweeps: after 50 to 60 seconds. */
export const idleSweepsMax = 6;
const SWEEP_MS = 10_000;

/** Connections that are open and serve no request. The latest is used first, so that spare ones become old and are closed. */
export class Pool implements ConnectionUser {
  /** By the key of their target; of each the oldest first. No list is empty. */
  readonly #idle = new Map<string, Connection[]>();
  #count = 0;
  #sweeps = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly connectionsMax = CONNECTIONS_MAX) {}

  /** How many connections are idle. */
  get size(): number {
    return this.#count;
  }

  /** Takes the connection out that became idle last, or null if there is none. */
  take({ key }: ConnectionTarget): Connection | null {
    const list = this.#idle.get(key);
    const connection = list?.pop();
    if (list === undefined || connection === undefined) return null;
    if (list.length === 0) this.#idle.delete(key);
    this.#count -= 1;
    return connection;
  }

  /** Keeps a connection that is open, and that no response is expected from, until it is taken or grows old. */
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

  /** Closes what has been idle for too long. Runs by itself while connections are idle. */
  sweep(): void {
    this.#sweeps += 1;
    for (const [key, list] of this.#idle) {
      const old = list.filter(({ idleSince }) => this.#sweeps - idleSince >= idleSweepsMax).length;
      for (let i = 0; i < old; i++) this.#closeOldest(key);
    }
    if (this.#count === 0) this.#stopTimer();
  }

  /** Closes everything that is idle. */
  close(): void {
    for (const [key, list] of this.#idle) for (let i = list.length; i > 0; i--) this.#closeOldest(key);
    this.#stopTimer();
  }

  opened(): void {}

  /** Nobody asked for what the peer sends: the connection is not fit for another request. */
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
