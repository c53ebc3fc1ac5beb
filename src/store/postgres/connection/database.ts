import { SQL } from "bun";
import { databaseNameIn } from "../../../core/database-url.ts";
import type { Clock } from "../../../ports.ts";
import type { StoreUnavailable } from "../../index.ts";
import { retried, unavailable } from "./errors.ts";
import type { Taken } from "./link.ts";
import { OwnConnection } from "./own-connection.ts";
import type { Bindings, Parameter } from "./parameters.ts";
import { type Queries, queriesOf, type Result } from "./queries.ts";
import { ServerProcesses } from "./server-process.ts";
import { SharedConnections } from "./shared-connections.ts";
import type { StatementTimeout } from "./statement-timeout.ts";
import { type Party, SurveyRunner } from "./survey-runner.ts";

export type { Bindings, Parameter } from "./parameters.ts";
export type { Queries } from "./queries.ts";

/** One connection, whose statements run in the order in which they are begun. */
export interface Session extends Queries {
  commit(): Promise<void>;
  /** Returns the connection to the pool, or closes it. */
  end(how: "release" | "close"): void;
}

function sessionOf(taken: Taken): Session {
  return {
    ...queriesOf(taken.run),
    async commit() {
      const { command } = await taken.run("COMMIT", []);
      if (command !== "COMMIT") {
        throw new Error("Internal error: PostgreSQL has rolled back a transaction without an error.");
      }
    },
    end: taken.end,
  };
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
/** Maximum time that a statement of `control` waits for a lock, in ms. Those behind it wait too. */
const CONTROL_LOCK_MS_MAX = 1000;
/**
 * Maximum time to wait for a response to a request, a read of lanes or a write, in ms. The operating system would
 * notice only after many minutes that a firewall has dropped the connection.
 */
const RESPONSE_MS_MAX = 30_000;
export interface DatabaseOptions {
  readonly url: string;
  /** Maximum number of connections for reads of requests. */
  readonly readersMax?: number;
  /** Whether to prepare each statement once per connection. Impossible through a pooler. Default: true. */
  readonly prepare?: boolean;
  /** Measures how long results take. Without a clock there is no limit. */
  readonly clock?: Clock;
  /** Maximum time to wait for a result of `control`, in ms. */
  readonly controlMsMax?: number;
  /**
   * Maximum time to wait for a response, in ms. For writes, it is at least the length of a lease. Statements of
   * requests and writes may take longer while the server works on them.
   */
  readonly responseMsMax?: number;
  /** A result of `lease` that fails must leave time to try again before a lease of this length ends, in ms. */
  readonly leaseMs?: number;
  /** Called if the server cannot be reached for a read, or has found damaged data. */
  readonly onReadFailed?: (error: StoreUnavailable) => void;
}

/**
 * A PostgreSQL database. Its queries run on any of a few connections, each in its own transaction. Work that must
 * not wait for the queries of requests has connections of its own. Each connection is opened when it is first used.
 */
export class Database implements Queries {
  readonly #requests: SharedConnections;
  readonly #writes: OwnConnection;
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
  readonly #own: ReadonlyArray<OwnConnection | SharedConnections>;
  readonly #onReadFailed: (error: StoreUnavailable) => void;
  readonly #surveyRunner = new SurveyRunner(SURVEYS_MAX);

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
    const queriesBy = (run: (sql: string, parameters: readonly Parameter[] | Bindings) => Promise<Result>) =>
      queriesOf((sql, parameters) => retried(() => run(sql, parameters), onReadFailed));
    // Settings of a connection through a pooler would apply to other clients too.
    const isPooled = !prepare;
    const timeoutOf = (setting: StatementTimeout["setting"], ms: number) => (isPooled ? null : { setting, ms });
    const own = (limitMs: number) => ({ pool: open(1), clock, limitMs, isPooled });
    const control = new OwnConnection({
      ...own(controlMsMax),
      timeout: timeoutOf("lock_timeout", Math.min(CONTROL_LOCK_MS_MAX, controlMsMax * 0.9)),
    });
    this.control = queriesBy((sql, parameters) => control.run(sql, parameters));
    const leaseMsMax = Math.min(controlMsMax, leaseMs / 3);
    const lease = new OwnConnection({ ...own(leaseMsMax), lockMsMax: leaseMsMax * 0.9 });
    const watched = (limitMs: number) => ({ ...own(limitMs), limitFrom: "response" }) as const;
    const ofLanes = () => ({ ...watched(responseMsMax), timeout: timeoutOf("statement_timeout", responseMsMax * 0.9) });
    const lanes = new SharedConnections(Array.from({ length: LANE_READERS }, ofLanes));
    const processes = clock === undefined ? null : new ServerProcesses(this.control, clock);
    const ofRequests = () => ({ ...watched(responseMsMax), processes });
    const requests = new SharedConnections(Array.from({ length: readersMax }, ofRequests));
    const writeMsMax = leaseMs === Number.POSITIVE_INFINITY ? responseMsMax : Math.max(responseMsMax, leaseMs);
    // A limit for statements would also end the wait of a COMMIT for a standby, and make it look replicated.
    const timeout = timeoutOf("lock_timeout", writeMsMax * 0.9);
    // Through a pooler, the server has no limit for their waits for locks.
    const ofWrites = isPooled && clock !== undefined ? new ServerProcesses(this.control, clock, false) : processes;
    const writes = new OwnConnection({ ...watched(writeMsMax), timeout, processes: ofWrites });
    [this.#requests, this.#writes, this.#own] = [requests, writes, [control, lease, lanes, requests, writes]];
    const queries = queriesBy((sql, parameters) => requests.run(sql, parameters));
    this.all = queries.all;
    this.first = queries.first;
    this.run = queries.run;
    this.lanes = queriesBy((sql, parameters) => lanes.run(sql, parameters));
    this.lease = queriesBy((sql, parameters) => lease.run(sql, parameters));
    this.surveysFor = (party) =>
      queriesBy((sql, parameters) => this.#surveyRunner.run(party, () => this.#survey(sql, parameters)));
  }

  async #survey(sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result> {
    const taken = await this.#requests.take();
    try {
      const result = await taken.together(INTERPRETED, sql, parameters);
      taken.end("release");
      return result;
    } catch (error) {
      taken.end("close");
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

  /** Takes a connection. Rejects with `StoreUnavailable` if the server cannot be reached. */
  async session(): Promise<Session> {
    return sessionOf(await takenOf(this.#requests));
  }

  /**
   * Takes the connection for writes. Its sessions must end before another one begins. A statement that gets no
   * response in time rejects with `StoreUnavailable`. If it was COMMIT, its outcome is unknown.
   */
  async writeSession(): Promise<Session> {
    return sessionOf(await takenOf(this.#writes));
  }

  /** Runs work in one transaction, which is not repeated. If the work rejects, nothing takes effect. */
  async inTransaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const taken = await takenOf(this.#requests);
    const session = sessionOf(taken);
    let how: "release" | "close" = "close";
    try {
      await session.run("BEGIN");
      await taken.identify();
      const result = await work(session);
      await session.commit();
      how = "release";
      return result;
    } finally {
      session.end(how);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#own.map((own) => own.close()));
  }
}

async function takenOf(connection: OwnConnection | SharedConnections): Promise<Taken> {
  try {
    return await connection.take();
  } catch (error) {
    throw unavailable(error, "Nothing was stored.");
  }
}
