import { type ReservedSQL, SQL } from "bun";
import { databaseNameIn } from "../../../core/database-url.ts";
import type { Clock } from "../../../ports.ts";
import type { StoreUnavailable } from "../../index.ts";
import { retried, unavailable } from "./errors.ts";
import { Limiter, type Party } from "./limiter.ts";
import { OwnConnection } from "./own-connection.ts";
import { OwnConnections } from "./own-connections.ts";
import type { Bindings, Parameter } from "./parameters.ts";
import { execute, type Queries, queriesOf, type Result } from "./queries.ts";
import { type Limit, reserve, type ServerLimit } from "./server-limit.ts";
import { together } from "./together.ts";
import { within } from "./within.ts";

export type { Bindings, Parameter } from "./parameters.ts";
export type { Queries } from "./queries.ts";

/** One connection, whose statements run in the order in which they are begun. */
export interface Session extends Queries {
  commit(): Promise<void>;
  /** Returns the connection to the pool, or closes it. */
  end(how: "release" | "close"): void;
}

const unlimited: Limit = (response) => response;

/** `limited` rejects if a response does not arrive in time. */
function sessionOf(reserved: ReservedSQL, limited: Limit = unlimited): Session {
  const run = (sql: string, parameters: readonly Parameter[] | Bindings) => limited(execute(reserved, sql, parameters));
  return {
    ...queriesOf(run),
    async commit() {
      const { command } = await run("COMMIT", []);
      if (command !== "COMMIT") {
        throw new Error("Internal error: PostgreSQL has rolled back a transaction without an error.");
      }
    },
    // A connection that has broken cannot be returned. The pool opens another one.
    end: (how) => void (how === "release" ? reserved.release() : reserved.close()).catch(() => {}),
  };
}

async function reservedOf(
  pool: SQL,
  limited: Limit = unlimited,
  onServer: ServerLimit | null = null,
): Promise<Session> {
  try {
    return sessionOf(await reserve(pool, onServer, limited), limited);
  } catch (error) {
    throw unavailable(error, "Nothing was stored.");
  }
}

/** Begins a transaction whose statement runs without the compiler for queries (`jit`). */
const INTERPRETED = ["BEGIN READ ONLY", "SET LOCAL jit = off"];

/** How many surveys run at once. */
const SURVEYS_MAX = 2;
/** Number of connections for reads of lanes. While one does not respond, later reads use the other. */
const LANE_READERS = 2;

/** Maximum time to wait for a connection, in seconds. */
export const CONNECT_TIMEOUT_SECONDS = 5;
/** Maximum time to wait for a result of `control`, in ms. */
const CONTROL_MS_MAX = 5000;
/**
 * Maximum time to wait for a result of `lanes` and of writes, in ms. The operating system would notice only after
 * many minutes that a firewall has dropped the connection.
 */
const RESPONSE_MS_MAX = 30_000;

export interface DatabaseOptions {
  readonly url: string;
  /** Maximum number of connections for reads of requests. */
  readonly readersMax?: number;
  /** Whether to prepare each statement once per connection. Impossible through a pooler. Default: true. */
  readonly prepare?: boolean;
  /** Measures how long results of `control`, `lease`, `lanes` and writes take. Without a clock there is no limit. */
  readonly clock?: Clock;
  /** Maximum time to wait for a result of `control`, in ms. */
  readonly controlMsMax?: number;
  /** Maximum time to wait for a result of `lanes`, in ms. For writes, it is at least the length of a lease. */
  readonly responseMsMax?: number;
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
  readonly #own: ReadonlyArray<OwnConnection | OwnConnections>;
  /**
   * Ends the wait for a response to a write after a lease or later. The server ends the transaction of a client that
   * is silent for half a lease, so the locks of a lost transaction have ended by then.
   */
  readonly #limitedWrite: Limit;
  readonly #writeLimit: ServerLimit | null;
  readonly #onReadFailed: (error: StoreUnavailable) => void;
  readonly #surveyLimit = new Limiter(SURVEYS_MAX);

  constructor(options: DatabaseOptions) {
    const { url, readersMax = 4, prepare = true, clock, controlMsMax = CONTROL_MS_MAX } = options;
    const { leaseMs = Number.POSITIVE_INFINITY, responseMsMax = RESPONSE_MS_MAX, onReadFailed = () => {} } = options;
    const open = (max: number) =>
      new SQL(url, {
        // Otherwise the variable PGDATABASE would replace the database in the URL.
        ...{ adapter: "postgres", max, prepare, database: databaseNameIn(url) },
        connectionTimeout: CONNECT_TIMEOUT_SECONDS,
        connection: { application_name: "boathook" },
      });
    this.#onReadFailed = onReadFailed;
    [this.#pool, this.#writePool] = [open(readersMax), open(1)];
    const control = new OwnConnection({ pool: open(1), clock, limitMs: controlMsMax });
    const leaseMsMax = Math.min(controlMsMax, leaseMs / 3);
    const lease = new OwnConnection({ pool: open(1), clock, limitMs: leaseMsMax, lockMsMax: leaseMsMax * 0.9 });
    // Settings of a connection through a pooler would apply to other clients too.
    const limitOf = (setting: ServerLimit["setting"], ms: number) => (prepare ? { setting, ms: ms * 0.9 } : null);
    const onServer = limitOf("statement_timeout", responseMsMax);
    const lanes = new OwnConnections(
      Array.from({ length: LANE_READERS }, () => ({ pool: open(1), clock, limitMs: responseMsMax, onServer })),
    );
    this.#own = [control, lease, lanes];
    const writeMsMax = leaseMs === Number.POSITIVE_INFINITY ? responseMsMax : Math.max(responseMsMax, leaseMs);
    this.#limitedWrite = (response) => within(clock, writeMsMax, response);
    // A limit for statements would also end the wait of a COMMIT for a standby, and make it look replicated.
    this.#writeLimit = limitOf("lock_timeout", writeMsMax);
    const queriesBy = (run: (sql: string, parameters: readonly Parameter[] | Bindings) => Promise<Result>) =>
      queriesOf((sql, parameters) => retried(() => run(sql, parameters), onReadFailed));
    const queries = queriesBy((sql, parameters) => execute(this.#pool, sql, parameters));
    this.all = queries.all;
    this.first = queries.first;
    this.run = queries.run;
    this.lanes = queriesBy((sql, parameters) => lanes.run(sql, parameters));
    this.control = queriesBy((sql, parameters) => control.run(sql, parameters));
    this.lease = queriesBy((sql, parameters) => lease.run(sql, parameters));
    this.surveysFor = (party) =>
      queriesBy((sql, parameters) => this.#surveyLimit.run(party, () => this.#survey(sql, parameters)));
  }

  async #survey(sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result> {
    const reserved = await this.#pool.reserve();
    const { end } = sessionOf(reserved);
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

  /**
   * Reserves the connection for writes. Its sessions must end before another one begins. A statement that gets no
   * response in time rejects with `StoreUnavailable`. If it was COMMIT, its outcome is unknown.
   */
  writeSession(): Promise<Session> {
    return reservedOf(this.#writePool, this.#limitedWrite, this.#writeLimit);
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
    const pools = [this.#pool, this.#writePool];
    await Promise.all([...this.#own.map((own) => own.close()), ...pools.map((pool) => pool.close({ timeout: 5 }))]);
  }
}
