import { type ReservedSQL, SQL } from "bun";
import { databaseNameIn } from "../../../core/database-url.ts";
import type { Clock } from "../../../ports.ts";
import type { StoreUnavailable } from "../../index.ts";
import { retried, unavailable } from "./errors.ts";
import { Limiter, type Party } from "./limiter.ts";
import { OwnConnection } from "./own-connection.ts";
import type { Bindings, Parameter } from "./parameters.ts";
import { execute, type Queries, queriesOf, type Result } from "./queries.ts";
import { together } from "./together.ts";

export type { Bindings, Parameter } from "./parameters.ts";
export type { Queries } from "./queries.ts";

/** One connection, whose statements run in the order in which they are begun. */
export interface Session extends Queries {
  commit(): Promise<void>;
  /** Returns the connection to the pool, or closes it. */
  end(how: "release" | "close"): void;
}

function sessionOf(reserved: ReservedSQL): Session {
  return {
    ...queriesOf((sql, parameters) => execute(reserved, sql, parameters)),
    async commit() {
      const { command } = await execute(reserved, "COMMIT", []);
      if (command !== "COMMIT") {
        throw new Error("Internal error: PostgreSQL has rolled back a transaction without an error.");
      }
    },
    // A connection that has broken cannot be returned. The pool opens another one.
    end: (how) => void (how === "release" ? reserved.release() : reserved.close()).catch(() => {}),
  };
}

async function reservedOf(pool: SQL): Promise<Session> {
  try {
    return sessionOf(await pool.reserve());
  } catch (error) {
    throw unavailable(error, "Nothing was stored.");
  }
}

/** Begins a transaction whose statement runs without the compiler for queries (`jit`). */
const INTERPRETED = ["BEGIN READ ONLY", "SET LOCAL jit = off"];

/** How many surveys run at once. */
const SURVEYS_MAX = 2;
/** Number of connections for reads of lanes. If one gets no response, the other still serves them. */
const LANE_READERS = 2;

/** Maximum time to wait for a connection, in seconds. */
export const CONNECT_TIMEOUT_SECONDS = 5;
/** Maximum time to wait for a result of `control`, in ms. */
const CONTROL_MS_MAX = 5000;

export interface DatabaseOptions {
  readonly url: string;
  /** Maximum number of connections for reads of requests. */
  readonly readersMax?: number;
  /** Whether to prepare each statement once per connection. Impossible through a pooler. Default: true. */
  readonly prepare?: boolean;
  /** Measures how long results of `control` and `lease` take. Without a clock there is no limit. */
  readonly clock?: Clock;
  /** Maximum time to wait for a result of `control`, in ms. */
  readonly controlMsMax?: number;
  /** A result of `lease` that fails must leave time to try again before a lease of this length ends, in ms. */
  readonly leaseMs?: number;
  /** Called if the server cannot be reached for a read, or has found damaged data. */
  readonly onReadFailed?: (error: StoreUnavailable) => void;
}

/**
 * A PostgreSQL database. Its queries run on any connection of a pool, each in its own transaction. Work that must
 * not wait for the queries of requests has connections of its own, which are opened when they are first used.
 */
export class Database implements Queries {
  readonly #pool: SQL;
  readonly #lanePool: SQL;
  readonly #writePool: SQL;
  readonly all: Queries["all"];
  readonly first: Queries["first"];
  readonly run: Queries["run"];
  /**
   * Queries with many parts that may read many rows, such as those of surveys. Compiling them takes
   * PostgreSQL seconds, and running them milliseconds. Few of them run at once, so that connections
   * remain for other requests, and the parties for which they run take turns.
   */
  readonly surveysFor: (party: Party) => Queries;
  /** Reads of lanes and of the messages that they deliver. */
  readonly lanes: Queries;
  /** Short queries by which the processes follow each other. Every use of cached records may have to wait for them. */
  readonly control: Queries;
  /** Queries about the lease of this process, and what it owns by it. They may wait for a lock for a short time. */
  readonly lease: Queries;
  readonly #own: readonly OwnConnection[];
  readonly #onReadFailed: (error: StoreUnavailable) => void;
  readonly #surveyLimit = new Limiter(SURVEYS_MAX);

  constructor(options: DatabaseOptions) {
    const { url, readersMax = 4, prepare = true, clock, controlMsMax = CONTROL_MS_MAX } = options;
    const { leaseMs = Number.POSITIVE_INFINITY, onReadFailed = () => {} } = options;
    const open = (max: number) =>
      new SQL(url, {
        // Otherwise the variable PGDATABASE would replace the database in the URL.
        ...{ adapter: "postgres", max, prepare, database: databaseNameIn(url) },
        connectionTimeout: CONNECT_TIMEOUT_SECONDS,
        connection: { application_name: "boathook" },
      });
    this.#onReadFailed = onReadFailed;
    [this.#pool, this.#lanePool, this.#writePool] = [open(readersMax), open(LANE_READERS), open(1)];
    const control = new OwnConnection({ pool: open(1), clock, limitMs: controlMsMax });
    const leaseMsMax = Math.min(controlMsMax, leaseMs / 3);
    const lease = new OwnConnection({ pool: open(1), clock, limitMs: leaseMsMax, lockMsMax: leaseMsMax * 0.9 });
    this.#own = [control, lease];
    const queriesBy = (run: (sql: string, parameters: readonly Parameter[] | Bindings) => Promise<Result>) =>
      queriesOf((sql, parameters) => retried(() => run(sql, parameters), onReadFailed));
    const queries = queriesBy((sql, parameters) => execute(this.#pool, sql, parameters));
    this.all = queries.all;
    this.first = queries.first;
    this.run = queries.run;
    this.lanes = queriesBy((sql, parameters) => execute(this.#lanePool, sql, parameters));
    this.control = queriesBy((sql, parameters) => control.run(sql, parameters));
    this.lease = queriesBy((sql, parameters) => lease.run(sql, parameters));
    this.surveysFor = (party) =>
      queriesBy((sql, parameters) => this.#surveyLimit.run(party, () => this.#survey(sql, parameters)));
  }

  async #survey(sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result> {
    const reserved = await this.#pool.reserve();
    const end = sessionOf(reserved).end;
    try {
      const result = await together(reserved, INTERPRETED, sql, parameters);
      end("release");
      return result;
    } catch (error) {
      end("close");
      throw error;
    }
  }

  /** Runs reads over a connection that nothing else uses. None of them waits for a lock for more than a second. */
  inspect<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const inspected = () =>
      this.inTransaction(async (queries) => {
        await queries.run("SET TRANSACTION READ ONLY");
        await queries.run("SET LOCAL lock_timeout = '1s'");
        return work(queries);
      });
    return retried(inspected, this.#onReadFailed);
  }

  /** Reserves a connection. Rejects with `StoreUnavailable` if the server cannot be reached. */
  session(): Promise<Session> {
    return reservedOf(this.#pool);
  }

  /** Reserves the connection for writes. Its sessions must end before another one begins. */
  writeSession(): Promise<Session> {
    return reservedOf(this.#writePool);
  }

  /** Runs work in one transaction, which is not repeated. If the work rejects, nothing takes effect. */
  async inTransaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const session = await this.session();
    let how: "release" | "close" = "close";
    try {
      await session.run("BEGIN");
      const result = await work(session);
      await session.commit();
      how = "release";
      return result;
    } finally {
      session.end(how);
    }
  }

  async close(): Promise<void> {
    const pools = [this.#pool, this.#lanePool, this.#writePool];
    await Promise.all([...this.#own.map((own) => own.close()), ...pools.map((pool) => pool.close({ timeout: 5 }))]);
  }
}
