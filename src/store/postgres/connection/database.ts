import { type ReservedSQL, SQL } from "bun";
import { databaseNameIn } from "../../../core/database-url.ts";
import type { Clock } from "../../../ports.ts";
import type { StoreUnavailable } from "../../index.ts";
import { isOutage, retried, unavailable } from "./errors.ts";
import { Limiter, type Party } from "./limiter.ts";
import type { Bindings, Parameter } from "./parameters.ts";
import { execute, type Queries, queriesOf, type Result } from "./queries.ts";
import { within } from "./within.ts";

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

/** How many surveys run at once. The lease of the process is renewed over the other connections. */
const SURVEYS_MAX = 2;

/** Maximum time to wait for a connection, in seconds. */
export const CONNECT_TIMEOUT_SECONDS = 5;

export interface DatabaseOptions {
  readonly url: string;
  /** Maximum number of connections for reads. Writes have one more, and so has `control`. */
  readonly readersMax?: number;
  /** Whether to prepare each statement once per connection. Impossible through a pooler. Default: true. */
  readonly prepare?: boolean;
  /**
   * Ends the wait for a result of `control` after `controlMsMax` ms (default: 5 s). If a firewall drops a
   * connection without a word, its end is noticed only after many minutes. Without a clock there is no limit.
   */
  readonly clock?: Clock;
  readonly controlMsMax?: number;
  /** Called if the server cannot be reached for a read, or has found damaged data. */
  readonly onReadFailed?: (error: StoreUnavailable) => void;
}

/**
 * Runs a statement in a transaction without the compiler for queries (`jit`). The commands are sent together.
 */
async function interpreted(
  reserved: ReservedSQL,
  sql: string,
  parameters: readonly Parameter[] | Bindings,
): Promise<Result> {
  const commands = ["BEGIN READ ONLY", "SET LOCAL jit = off"].map((command) => execute(reserved, command, []));
  const result = execute(reserved, sql, parameters);
  const all = await Promise.allSettled([...commands, result, execute(reserved, "COMMIT", [])]);
  const failed = all.find(({ status }) => status === "rejected") as PromiseRejectedResult | undefined;
  if (failed !== undefined) throw failed.reason;
  return result;
}

/** A PostgreSQL database. Its queries run on any connection of a pool, each in its own transaction. */
export class Database implements Queries {
  readonly #pool: SQL;
  readonly all: Queries["all"];
  readonly first: Queries["first"];
  readonly run: Queries["run"];
  /**
   * Queries with many parts that may read many rows, such as those of surveys. Compiling them takes
   * PostgreSQL seconds, and running them milliseconds. Few of them run at once, so that connections
   * remain for the queries that deliveries need, and the parties for which they run take turns.
   */
  readonly surveysFor: (party: Party) => Queries;
  /**
   * Short queries by which the processes follow each other. They have a connection of their own: every use of
   * cached records may have to wait for them, and a query of the pool may be sent over a connection whose query
   * waits for a lock.
   */
  readonly control: Queries;
  #controlling: Promise<ReservedSQL> | null = null;
  readonly #controlled: <T>(result: Promise<T>) => Promise<T>;
  readonly #onReadFailed: (error: StoreUnavailable) => void;
  readonly #surveyLimit = new Limiter(SURVEYS_MAX);

  constructor({
    url,
    readersMax = 4,
    prepare = true,
    clock,
    controlMsMax = 5000,
    onReadFailed = () => {},
  }: DatabaseOptions) {
    this.#controlled = (result) => (clock === undefined ? result : within(clock, controlMsMax, result));
    this.#onReadFailed = onReadFailed;
    this.#pool = new SQL(url, {
      // Otherwise the variable PGDATABASE would replace the database in the URL.
      ...{ adapter: "postgres", max: readersMax + 2, prepare, database: databaseNameIn(url) },
      connectionTimeout: CONNECT_TIMEOUT_SECONDS,
      connection: { application_name: "boathook" },
    });
    const queries = queriesOf((sql, parameters) => retried(() => execute(this.#pool, sql, parameters), onReadFailed));
    this.control = queriesOf((sql, parameters) => retried(() => this.#control(sql, parameters), onReadFailed));
    this.all = queries.all;
    this.first = queries.first;
    this.run = queries.run;
    this.surveysFor = (party) =>
      queriesOf((sql, parameters) =>
        retried(() => this.#surveyLimit.run(party, () => this.#survey(sql, parameters)), onReadFailed),
      );
  }

  async #survey(sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result> {
    const reserved = await this.#pool.reserve();
    const end = sessionOf(reserved).end;
    try {
      const result = await interpreted(reserved, sql, parameters);
      end("release");
      return result;
    } catch (error) {
      end("close");
      throw error;
    }
  }

  async #control(sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result> {
    this.#controlling ??= this.#pool.reserve();
    const reserving = this.#controlling;
    const abandon = () => {
      if (this.#controlling !== reserving) return;
      this.#controlling = null;
      reserving.then((reserved) => sessionOf(reserved).end("close")).catch(() => {});
    };
    let reserved: ReservedSQL;
    try {
      reserved = await reserving;
    } catch (error) {
      abandon();
      throw error;
    }
    try {
      return await this.#controlled(execute(reserved, sql, parameters));
    } catch (error) {
      if (isOutage(error)) abandon();
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
  async session(): Promise<Session> {
    try {
      return sessionOf(await this.#pool.reserve());
    } catch (error) {
      throw unavailable(error, "Nothing was stored.");
    }
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
    (await this.#controlling?.catch(() => null))?.release();
    await this.#pool.close({ timeout: 5 });
  }
}
