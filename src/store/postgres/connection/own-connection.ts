import type { ReservedSQL, SQL } from "bun";
import type { Cancel, Clock } from "../../../ports.ts";
import { isOutage, withOwnLimit } from "./errors.ts";
import { type Link, linkOf, type Taken } from "./link.ts";
import type { Bindings, Parameter } from "./parameters.ts";
import { execute, type Result, sentText } from "./queries.ts";
import { processOf, type ServerProcesses } from "./server-process.ts";
import { hasExceeded, type StatementTimeout, setTimeoutOf } from "./statement-timeout.ts";
import { together } from "./together.ts";
import { unresponsive, within } from "./within.ts";

export interface OwnConnectionOptions {
  /** A pool of one connection, which only this object uses. */
  readonly pool: SQL;
  /** Without a clock there is no limit. */
  readonly clock?: Clock | undefined;
  /**
   * Maximum time to wait for a result, in ms. If a firewall drops a connection without a word, its end is
   * noticed only after many minutes.
   */
  readonly limitMs: number;
  /**
   * What the limit is counted from: the begin of each statement, or the latest response. Statements that wait for
   * one before them may then wait longer. Default: `statement`.
   */
  readonly limitFrom?: "statement" | "response";
  /**
   * Maximum time that a statement waits for a lock, in ms. The server ends the wait, so that no process of the
   * server is left behind that still waits when the connection is given up. Default: no limit.
   */
  readonly lockMsMax?: number;
  /** Default: none. */
  readonly timeout?: StatementTimeout | null;
  /**
   * Tells slow statements from lost connections: a connection whose process of the server works is not given up.
   * Only with a limit from the latest response. Default: every connection is given up at the limit.
   */
  readonly processes?: ServerProcesses | null;
  /** Whether any process of the server may run the next transaction. Default: false. */
  readonly isPooled?: boolean;
}

/** How long a connection may be silent if the process of the server that serves it is unknown, in ms. */
const UNKNOWN_MS_MAX = 300_000;

/**
 * A connection for queries of one kind. A query of a pool may be sent over a connection whose query waits for
 * a lock, and reserving one of its connections may wait for such a query too. A connection of one's own waits
 * for neither. It is opened when it is first used, and again after it was lost.
 */
export class OwnConnection {
  #link: Link | null = null;
  #underWay = 0;
  /** Steady time of the latest response, or of the first statement since nothing was under way. */
  #respondedAt = 0;
  /** Ends the watch for silence. Null if nothing is watched. */
  #cancelWatch: Cancel | null = null;
  /** Resolves when nothing is under way. */
  #idle: PromiseWithResolvers<void> | null = null;
  #isClosed = false;
  readonly #settings: readonly string[] | null;

  constructor(private readonly options: OwnConnectionOptions) {
    const { lockMsMax } = options;
    this.#settings = lockMsMax === undefined ? null : ["BEGIN", `SET LOCAL lock_timeout = ${Math.ceil(lockMsMax)}`];
  }

  /** Number of statements that have no result yet. */
  get underWay(): number {
    return this.#underWay;
  }

  /** How long the statements under way have had no response, in ms. 0 if there are none, or without a clock. */
  get silentMs(): number {
    return this.#underWay === 0 ? 0 : this.#now() - this.#respondedAt;
  }

  /** Runs a statement in a transaction of its own. */
  run(sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result> {
    return this.#counted(() => this.#execute(this.#linked(), this.#settings, sql, parameters));
  }

  /** Resolves when no statement is under way. */
  async idle(): Promise<void> {
    if (this.#underWay === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  /** Opens the connection, unless it is open, for a caller that no other one shares it with. */
  take(): Promise<Taken> {
    return this.#counted(async () => {
      const link = this.#linked();
      await this.#on(link, async () => {});
      return {
        run: (sql, parameters) => this.#counted(() => this.#execute(link, null, sql, parameters)),
        together: (...statements) => this.#counted(() => this.#execute(link, ...statements)),
        identify: async () => {
          const { clock, isPooled = false } = this.options;
          if (isPooled && clock !== undefined) link.process = await this.#counted(() => this.#on(link, processOf));
        },
        end: (how) => {
          if (this.options.isPooled) link.process = null;
          if (how === "close") this.#abandon(link);
        },
      };
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelWatch?.();
    (await this.#link?.opening.catch(() => null))?.release();
    await this.options.pool.close({ timeout: 5 });
  }

  #now(): number {
    return this.options.clock?.steady() ?? 0;
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    if (this.#underWay++ === 0) this.#respondedAt = this.#now();
    if (this.options.limitFrom === "response" && this.#cancelWatch === null) this.#watchFor(this.options.limitMs);
    try {
      return await work();
    } finally {
      this.#respondedAt = this.#now();
      if (--this.#underWay === 0) {
        this.#idle?.resolve();
        this.#idle = null;
      }
    }
  }

  #linked(): Link {
    if (this.#link !== null) return this.#link;
    const { promise: opening, resolve } = Promise.withResolvers<ReservedSQL>();
    const link = linkOf(opening);
    resolve(this.#open(link));
    this.#link = link;
    return link;
  }

  async #open(link: Link): Promise<ReservedSQL> {
    const { pool, timeout = null, processes = null, isPooled = false, clock, limitMs } = this.options;
    const reserved = await pool.reserve();
    try {
      if (timeout !== null && (await within(clock, limitMs, setTimeoutOf(reserved, timeout)))) {
        link.timeouts.push(timeout);
      }
      if (processes !== null && !isPooled) link.process = await within(clock, limitMs, processOf(reserved));
      link.isOpen = true;
      this.#respondedAt = this.#now();
      return reserved;
    } catch (error) {
      reserved.close().catch(() => {});
      throw error;
    }
  }

  /** Runs a statement, in a transaction if there are commands that begin one. */
  #execute(
    link: Link,
    commands: readonly string[] | null,
    sql: string,
    parameters: readonly Parameter[] | Bindings,
  ): Promise<Result> {
    const run = (reserved: ReservedSQL) =>
      commands === null ? execute(reserved, sql, parameters) : together(reserved, commands, sql, parameters);
    const { isPooled = false, processes = null } = this.options;
    if (!isPooled || processes === null) return this.#on(link, run);
    const statements = [...(commands ?? []), sentText(sql, parameters)];
    link.statements.add(statements);
    return this.#on(link, run).finally(() => link.statements.delete(statements));
  }

  async #on<T>(link: Link, run: (reserved: ReservedSQL) => Promise<T>): Promise<T> {
    const { clock, limitFrom, limitMs } = this.options;
    try {
      const result = run(await link.opening);
      return await (limitFrom === "response" ? result : within(clock, limitMs, result));
    } catch (error) {
      // A connection that could not be set up is never used. The next statement opens another one.
      if (!link.isOpen || isOutage(error)) this.#abandon(link);
      throw link.isSilent ? unresponsive(limitMs) : this.#explained(link, error);
    }
  }

  #explained(link: Link, error: unknown): unknown {
    const { lockMsMax } = this.options;
    const set: readonly StatementTimeout[] =
      lockMsMax === undefined ? link.timeouts : [{ setting: "lock_timeout", ms: lockMsMax }, ...link.timeouts];
    const timeout = set.find((one) => hasExceeded(error, one));
    return timeout === undefined ? error : withOwnLimit(error, timeout.ms);
  }

  #watchFor(ms: number): void {
    if (this.#isClosed) return;
    this.#cancelWatch =
      this.options.clock?.after(ms, () => {
        this.#cancelWatch = null;
        if (this.#underWay > 0) void this.#check();
      }) ?? null;
  }

  /** Gives the connection up if it has been silent for too long, unless the server still works for it. */
  async #check(): Promise<void> {
    const { limitMs, processes = null, isPooled = false } = this.options;
    const { silentMs } = this;
    const link = this.#link;
    const leftMs = limitMs - silentMs;
    this.#watchFor(leftMs > 0 ? leftMs : limitMs);
    if (link === null || !link.isOpen || leftMs > 0) return;
    if (processes !== null && (link.process !== null || silentMs < UNKNOWN_MS_MAX)) {
      const [since, { process }] = [this.#respondedAt, link];
      const works =
        process === null ? processes.mayWork([...link.statements].flat(), limitMs / 2) : processes.works(process);
      // If no other connection gets a response either, nothing speaks for this one.
      if (await works.catch(() => false)) return;
      if (this.#respondedAt !== since || this.#link !== link) return;
      // If this fails, the server ends the process when TCP gives up. A process of a pooler serves others too.
      if (process !== null && !isPooled) processes.end(process).catch(() => {});
    }
    link.isSilent = true;
    this.#abandon(link);
  }

  /** Closes the connection, which makes its statements fail. The next one opens another connection. */
  #abandon(link: Link): void {
    if (this.#link === link) this.#link = null;
    if (link.isLost) return;
    link.isLost = true;
    link.opening.then((reserved) => reserved.close()).catch(() => {});
  }
}
