/** The outbox table and the connection to its database. */

import { DatabaseError, databaseError } from "./database-error.ts";
import type { DatabaseAt } from "./database-url.ts";
import type { Row } from "./row.ts";
import { type Columns, quotedName, ROLES } from "./sql-name.ts";
import { type OutboxTable, type Statements, statementsFor } from "./statements.ts";

/**
 * Time after which the database ends a transaction that does nothing, in seconds. The locks of a relay
 * whose machine is lost would otherwise remain until its connection ends, which may take hours.
 */
const IDLE_SECONDS_MAX = 180;
/** Time limit for a transaction, in ms. Then its connection is given up. */
const TRANSACTION_MS_MAX = 240_000;
/** Maximum number of looks for other applications, if other relays have all of those found. */
const LOOKS_MAX = 16;

/** Rows and applications that are not sent at the moment. */
export interface Excluded {
  readonly ids: readonly string[];
  readonly applications: readonly string[];
}

/** What the rows of a transaction became. */
export interface Marks {
  readonly sent: readonly string[];
  /** The errors by id, which are written if the table has a column for them. */
  readonly refused: ReadonlyMap<string, string>;
}

/** The table or a column does not exist. The message is one sentence. */
export class OutboxInvalid extends Error {
  override readonly name = "OutboxInvalid";
}

interface Connection {
  readonly sql: Bun.SQL;
  readonly statements: Statements;
}

export class Outbox {
  #connection: Connection | null = null;

  constructor(
    private readonly database: DatabaseAt,
    private readonly table: readonly string[],
    private readonly columns: Columns,
    /** The channel that announces rows, or null. */
    private readonly channel: string | null,
    /** Called when there may be rows. */
    private readonly wake: () => void,
  ) {}

  /** Whether refused rows get an error, which keeps them from being taken again. */
  get hasErrors(): boolean {
    return this.columns.error !== null;
  }

  get title(): string {
    return `${this.table.map(quotedName).join(".")} of ${this.database.place}`;
  }

  /** Connects, so that wrong options show. Rejects with `DatabaseError` or `OutboxInvalid`. */
  async open(): Promise<void> {
    try {
      await this.#connected();
    } catch (error) {
      throw this.#errorOf(error);
    }
  }

  /**
   * Takes rows that no other relay has, in their order within each application, and marks what became
   * of them in the same transaction. Resolves with whether there were rows. Rejects with
   * `DatabaseError`, or with `OutboxInvalid` when it connects. `work` must not reject.
   */
  async take(excluded: Excluded, work: (rows: readonly Row[]) => Promise<Marks>): Promise<boolean> {
    try {
      const { sql, statements } = await this.#connected();
      return await withDeadline(
        sql.begin("ISOLATION LEVEL READ COMMITTED", async (transaction) => {
          await transaction.unsafe(`SET LOCAL idle_in_transaction_session_timeout = '${IDLE_SECONDS_MAX}s'`);
          const rows = await takenRows(transaction, statements, excluded);
          if (rows.length === 0) return false;
          await mark(transaction, statements, await work(rows));
          return true;
        }),
      );
    } catch (error) {
      await this.close();
      throw this.#errorOf(error);
    }
  }

  /** Ends the connection. The next `take` opens another one. */
  async close(): Promise<void> {
    const { sql } = this.#connection ?? {};
    this.#connection = null;
    await sql?.close({ timeout: 0 });
  }

  #errorOf(error: unknown): Error {
    return error instanceof OutboxInvalid ? error : databaseError(this.database.place, error);
  }

  async #connected(): Promise<Connection> {
    this.#connection ??= await this.#connect();
    return this.#connection;
  }

  async #connect(): Promise<Connection> {
    const sql = new Bun.SQL({ ...this.database.options, onclose: () => this.wake() });
    try {
      const statements = statementsFor(await this.#find(sql));
      await tryOut(sql, statements);
      if (this.channel !== null) await sql.listen(this.channel, this.wake, this.wake);
      return { sql, statements };
    } catch (error) {
      await sql.close({ timeout: 0 });
      throw error;
    }
  }

  async #find(sql: Bun.SQL): Promise<OutboxTable> {
    const given = this.table.map(quotedName).join(".");
    const [found] = await sql`
      SELECT c.oid::text AS oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(${given})`;
    if (found === undefined) throw new OutboxInvalid(`The table ${given} does not exist in the database.`);
    const attributes: ReadonlyArray<{ readonly name: string; readonly type: string }> = await sql`
      SELECT attname AS name, format_type(atttypid, -1) AS type FROM pg_attribute
      WHERE attrelid = ${found.oid}::oid AND attnum > 0 AND NOT attisdropped`;
    const types = new Map(attributes.map(({ name, type }) => [name, type]));
    for (const role of ROLES) {
      const column = this.columns[role];
      if (column === null || types.has(column)) continue;
      throw new OutboxInvalid(
        `The table ${given} has no column ${quotedName(column)}. Name the column with --columns ${role}=….`,
      );
    }
    const { columns } = this;
    return { ...found, columns, idType: types.get(columns.id)!, payloadType: types.get(columns.payload)! };
  }
}

/** Runs each statement without rows, so that wrong types and missing rights show before anything is sent. */
async function tryOut(sql: Bun.SQL, statements: Statements): Promise<void> {
  await sql.begin("ISOLATION LEVEL READ COMMITTED", async (transaction) => {
    const none = transaction.array([], "TEXT");
    await transaction.unsafe(statements.takeRows, [none, none]);
    await mark(transaction, statements, { sent: [], refused: new Map() });
  });
}

async function takenRows(
  sql: Bun.SQL,
  { lockApplications, takeRows }: Statements,
  { ids, applications }: Excluded,
): Promise<readonly Row[]> {
  const excludedIds = sql.array([...ids], "TEXT");
  const excluded = [...applications];
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const found: ReadonlyArray<{ readonly app: string; readonly isLocked: boolean }> = await sql.unsafe(
      lockApplications,
      [excludedIds, sql.array(excluded, "TEXT")],
    );
    if (found.length === 0) return [];
    const locked = found.filter(({ isLocked }) => isLocked).map(({ app }) => app);
    // The statement after the lock sees what the relay that had it before has marked.
    const rows = locked.length === 0 ? [] : await sql.unsafe(takeRows, [excludedIds, sql.array(locked, "TEXT")]);
    if (rows.length > 0) return rows;
    excluded.push(...found.map(({ app }) => app));
  }
  return [];
}

async function mark(sql: Bun.SQL, { markSent, markRefused }: Statements, { sent, refused }: Marks): Promise<void> {
  await sql.unsafe(markSent, [sql.array([...sent], "TEXT")]);
  if (markRefused === null) return;
  await sql.unsafe(markRefused, [sql.array([...refused.keys()], "TEXT"), sql.array([...refused.values()], "TEXT")]);
}

async function withDeadline<T>(transaction: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new DatabaseError("The database has not responded in time.", false)),
    TRANSACTION_MS_MAX,
  );
  try {
    return await Promise.race([transaction, promise]);
  } finally {
    clearTimeout(timer);
  }
}
