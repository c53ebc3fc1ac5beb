import { OneLife } from "../core/service.ts";
import type { Shortage } from "../ports.ts";

/** A connection that several deliveries use at the same time. */
export interface SharedConnection {
  /** Whether further deliveries can use it. */
  readonly isOpen: boolean;
  /** Closes it. Must not throw or reject. */
  close(): void | Promise<void>;
}

interface Limits {
  /** Maximum number of connections. If there are more, those that nobody uses are closed. */
  readonly connectionsMax: number;
  /** Time after which a connection that nobody uses is closed, in ms. */
  readonly idleMs: number;
  /** Time limit for opening a connection, in ms. */
  readonly openMs: number;
  /** Wait after the first failure to open a connection, in ms. It doubles up to the maximum. */
  readonly pauseMsMin: number;
  readonly pauseMsMax: number;
  /** Returns the time in ms of a clock that never steps back. */
  readonly now: () => number;
}

const LIMITS: Limits = {
  ...{ connectionsMax: 500, idleMs: 60_000, openMs: 10_000, pauseMsMin: 250, pauseMsMax: 5_000 },
  now: () => performance.now(),
};

/** Maximum number of places whose failures are remembered. The oldest failure is forgotten first. */
const FAILED_MAX = 10_000;

interface Entry<Connection> {
  /** Rejects if the connection cannot be opened. */
  readonly opening: Promise<Connection>;
  connection: Connection | null;
  users: number;
  /** When the last user left. */
  idleSince: number;
}

/** Why a place could not be reached, and until when nobody tries again. */
interface Failed {
  readonly error: unknown;
  readonly pauseMs: number;
  readonly until: number;
}

/** The result if the maximum number of connections is open and all are in use. */
export const connectionsFull: Shortage = {
  kind: "shortage",
  resource: "open-files",
  detail: "All connections of this protocol are in use. Lower delivery-concurrency or the number of endpoints.",
};

/**
 * Connections that deliveries share, by a key for the place and the credentials. A connection is opened
 * for the first delivery that needs it. It is closed when nobody has used it for a while, and opened
 * again after it was lost. After a failure to open one, deliveries fail with the same error until a pause
 * is over, so that a place that is down is not flooded. `stop` closes all connections.
 */
export class SharedConnections<Connection extends SharedConnection> extends OneLife {
  readonly #limits: Limits;
  readonly #entries = new Map<string, Entry<Connection>>();
  readonly #failed = new Map<string, Failed>();
  readonly #ended = new AbortController();
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(limits: Partial<Limits> = {}) {
    super();
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Number of connections that are open or being opened. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Calls `use` with the connection for `key`, which `open` opens if there is none. Rejects with the
   * error of `open`, of `use`, or with the reason of `signal` if it aborts before there is a connection.
   * `open` is aborted when it takes too long; it must close what it has opened by then.
   */
  async use<Result>(
    key: string,
    open: (signal: AbortSignal) => Promise<Connection>,
    signal: AbortSignal,
    use: (connection: Connection) => Promise<Result>,
  ): Promise<Result | Shortage> {
    signal.throwIfAborted();
    const entry = this.#entryFor(key, open);
    if (entry === null) return connectionsFull;
    entry.users++;
    try {
      return await use(entry.connection ?? (await orAborted(entry.opening, signal)));
    } finally {
      entry.users--;
      entry.idleSince = this.#limits.now();
    }
  }

  /** Returns the entry for `key`, with a new connection if needed. Null if there are too many. */
  #entryFor(key: string, open: (signal: AbortSignal) => Promise<Connection>): Entry<Connection> | null {
    const known = this.#entries.get(key);
    if (known !== undefined && known.connection?.isOpen !== false) return known;
    if (known !== undefined) this.#close(key, known);
    this.#ended.signal.throwIfAborted();
    const failed = this.#failed.get(key);
    if (failed !== undefined && this.#limits.now() < failed.until) throw failed.error;
    if (this.#entries.size >= this.#limits.connectionsMax && !this.#closeIdlest()) return null;
    const opening = this.#open(open);
    const entry: Entry<Connection> = { opening, connection: null, users: 0, idleSince: this.#limits.now() };
    this.#entries.set(key, entry);
    opening.then(
      (connection) => this.#opened(key, entry, connection),
      (error: unknown) => this.#openingFailed(key, entry, error),
    );
    this.#timer ??= setInterval(() => this.sweep(), Math.max(this.#limits.idleMs / 6, 10));
    this.#timer.unref();
    return entry;
  }

  async #open(open: (signal: AbortSignal) => Promise<Connection>): Promise<Connection> {
    const { signal: ended } = this.#ended;
    const opening = new AbortController();
    const abort = () => opening.abort(ended.reason);
    const tooLong = () => opening.abort(new DOMException("The connection was not opened in time.", "TimeoutError"));
    const timer = setTimeout(tooLong, this.#limits.openMs);
    ended.addEventListener("abort", abort);
    try {
      return await open(opening.signal);
    } finally {
      clearTimeout(timer);
      ended.removeEventListener("abort", abort);
    }
  }

  #opened(key: string, entry: Entry<Connection>, connection: Connection): void {
    this.#failed.delete(key);
    entry.connection = connection;
    // The entry was removed while the connection was being opened.
    if (this.#entries.get(key) !== entry) void connection.close();
  }

  #openingFailed(key: string, entry: Entry<Connection>, error: unknown): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    const { pauseMsMin, pauseMsMax, now } = this.#limits;
    const before = this.#failed.get(key);
    const pauseMs = before === undefined ? pauseMsMin : Math.min(before.pauseMs * 2, pauseMsMax);
    this.#failed.delete(key);
    if (this.#failed.size >= FAILED_MAX) this.#failed.delete(this.#failed.keys().next().value!);
    this.#failed.set(key, { error, pauseMs, until: now() + pauseMs });
  }

  /** Closes connections that have not been used for a while. A timer calls this. */
  sweep(): void {
    const { now, idleMs } = this.#limits;
    for (const [key, entry] of this.#entries) {
      if (entry.users === 0 && entry.connection !== null && now() - entry.idleSince >= idleMs) this.#close(key, entry);
    }
    if (this.#entries.size === 0) this.#stopTimer();
  }

  /** Closes the connection that nobody has used for the longest time. Returns whether there was one. */
  #closeIdlest(): boolean {
    const idle = [...this.#entries].filter(([, { users, connection }]) => users === 0 && connection !== null);
    const idlest = idle.toSorted(([, one], [, other]) => one.idleSince - other.idleSince)[0];
    if (idlest === undefined) return false;
    this.#close(...idlest);
    return true;
  }

  #close(key: string, { connection }: Entry<Connection>): Promise<void> | undefined {
    this.#entries.delete(key);
    return connection?.close() ?? undefined;
  }

  protected begin(): void {}

  protected async end(): Promise<void> {
    this.#ended.abort(new Error("The server is stopping."));
    this.#stopTimer();
    await Promise.all([...this.#entries].map(([key, entry]) => this.#close(key, entry)));
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

/** Resolves like `promise`, but rejects with the reason of `signal` if it aborts before. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort));
}
