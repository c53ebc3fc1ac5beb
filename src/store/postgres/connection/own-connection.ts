import type { ReservedSQL, SQL } from "bun";
import type { Clock } from "../../../ports.ts";
import { isOutage } from "./errors.ts";
import type { Bindings, Parameter } from "./parameters.ts";
import { execute, type Result } from "./queries.ts";
import { reserve, type ServerLimit } from "./server-limit.ts";
import { together } from "./together.ts";
import { within } from "./within.ts";

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
   * Maximum time that a statement waits for a lock, in ms. The server ends the wait, so that no process of the
   * server is left behind that still waits when the connection is given up. Default: no limit.
   */
  readonly lockMsMax?: number;
  /** Default: none. */
  readonly onServer?: ServerLimit | null;
}

/**
 * A connection for queries of one kind. A query of the pool may be sent over a connection whose query waits for
 * a lock, and reserving one of its connections may wait for such a query too. A connection of one's own waits
 * for neither. It is opened when it is first used, and again after it was lost.
 */
export class OwnConnection {
  #reserving: Promise<ReservedSQL> | null = null;
  #underWay = 0;
  /** Steady time of the latest response, or of the first statement since nothing was under way. */
  #respondedAt = 0;
  readonly #settings: readonly string[] | null;

  constructor(private readonly options: OwnConnectionOptions) {
    const { lockMsMax } = options;
    this.#settings = lockMsMax === undefined ? null : [`SET LOCAL lock_timeout = ${Math.ceil(lockMsMax)}`];
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
  async run(sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result> {
    if (this.#underWay++ === 0) this.#respondedAt = this.#now();
    try {
      return await this.#run(sql, parameters);
    } finally {
      this.#underWay--;
      this.#respondedAt = this.#now();
    }
  }

  #now(): number {
    return this.options.clock?.steady() ?? 0;
  }

  async #run(sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result> {
    const { pool, onServer = null } = this.options;
    this.#reserving ??= reserve(pool, onServer, (response) => this.#limited(response));
    const reserving = this.#reserving;
    try {
      const reserved = await reserving;
      return await this.#limited(
        this.#settings === null
          ? execute(reserved, sql, parameters)
          : together(reserved, ["BEGIN", ...this.#settings], sql, parameters),
      );
    } catch (error) {
      if (isOutage(error)) this.#abandon(reserving);
      throw error;
    }
  }

  #limited<T>(result: Promise<T>): Promise<T> {
    return within(this.options.clock, this.options.limitMs, result);
  }

  #abandon(reserving: Promise<ReservedSQL>): void {
    if (this.#reserving !== reserving) return;
    this.#reserving = null;
    reserving.then((reserved) => reserved.close()).catch(() => {});
  }

  async close(): Promise<void> {
    (await this.#reserving?.catch(() => null))?.release();
    await this.options.pool.close({ timeout: 5 });
  }
}
