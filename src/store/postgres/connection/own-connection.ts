import type { ReservedSQL, SQL } from "bun";
import type { Clock } from "../../../ports.ts";
import { isOutage } from "./errors.ts";
import type { Bindings, Parameter } from "./parameters.ts";
import { execute, type Result } from "./queries.ts";
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
}

/**
 * A connection for queries of one kind. A query of the pool may be sent over a connection whose query waits for
 * a lock, and reserving one of its connections may wait for such a query too. A connection of one's own waits
 * for neither. It is opened when it is first used, and again after it was lost.
 */
export class OwnConnection {
  #reserving: Promise<ReservedSQL> | null = null;
  readonly #settings: readonly string[] | null;

  constructor(private readonly options: OwnConnectionOptions) {
    const { lockMsMax } = options;
    this.#settings = lockMsMax === undefined ? null : [`SET LOCAL lock_timeout = ${Math.ceil(lockMsMax)}`];
  }

  /** Runs a statement in a transaction of its own. */
  async run(sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result> {
    this.#reserving ??= this.options.pool.reserve();
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
    const { clock, limitMs } = this.options;
    return clock === undefined ? result : within(clock, limitMs, result);
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
