import { type Finished, run } from "./binary.ts";
import { clientOf, freshUid, type Send } from "./client.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import { type RunningCommand, startCommand } from "./running-command.ts";
import { program, ROOT_TOKEN, startServer, type TestServer } from "./server.ts";

/** A line of `boathook relay --json`. */
export interface RelayLine {
  readonly type: "ready" | "batch" | "refused" | "paused" | "waiting" | "resumed";
  readonly application?: string;
  readonly sent?: number;
  readonly duplicates?: number;
  readonly refused?: number;
  readonly id?: string;
  readonly reason?: string;
  readonly retryMs?: number | null;
}

/** A message of an application, as far as tests of the relay look at it. */
export interface StoredMessage {
  readonly eventId: string;
  readonly eventType: string;
  readonly payload: unknown;
}

/** A Boathook server, a PostgreSQL server and a database with outbox tables. */
export interface OutboxWorld extends AsyncDisposable {
  readonly server: TestServer;
  readonly send: Send;
  readonly postgres: PostgresServer;
  readonly sql: Bun.SQL;
  readonly url: string;
  /** Creates a table as the guide shows it and returns its name. `columns` replaces some of them. */
  table(columns?: Readonly<Record<string, string>>): Promise<string>;
  /** Runs the relay until it ends. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>;
  /** Runs the relay on another database until it ends. */
  runWith(url: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>;
  /** Starts the relay with `--json`. The caller must stop it. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<RunningCommand>;
  /** Returns the messages of an application, oldest first. */
  messages(app: string): Promise<StoredMessage[]>;
}

const COLUMNS = {
  id: "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
  app: "text NOT NULL",
  event_type: "text NOT NULL DEFAULT 'order.paid'",
  payload: "jsonb DEFAULT '{}'",
  created_at: "timestamptz DEFAULT now()",
  sent_at: "timestamptz",
};

export async function startOutboxWorld(args: readonly string[] = []): Promise<OutboxWorld> {
  const postgres = await startPostgres();
  const [server, url] = await Promise.all([startServer(args), postgres.createDatabase()]);
  const send = clientOf(server.url);
  const sql = new Bun.SQL(url, { max: 4 });
  const access = { BOATHOOK_SERVER: server.url, BOATHOOK_TOKEN: ROOT_TOKEN };
  const runWith: OutboxWorld["runWith"] = (database, args, env = {}) =>
    run(program, ["relay", database, ...args], { env: { ...access, ...env } });
  return {
    ...{ server, send, postgres, sql, url },
    async table(columns = {}) {
      const name = freshUid("outbox").replaceAll("-", "_");
      const all = Object.entries({ ...COLUMNS, ...columns }).map(([column, type]) => `"${column}" ${type}`);
      await sql.unsafe(`CREATE TABLE ${name} (${all.join(", ")})`);
      return name;
    },
    run: (args, env) => runWith(url, args, env),
    runWith,
    start: (args, env = {}) => startCommand(["relay", url, "--json", "--poll=50ms", ...args], { ...access, ...env }),
    async messages(app) {
      const all: StoredMessage[] = [];
      for (let iterator = "", done = false; !done; ) {
        const { json } = await send("GET", `/app/${app}/msg?limit=250${iterator}`);
        all.push(...json.data);
        done = json.done;
        iterator = `&iterator=${json.iterator}`;
      }
      return all.reverse();
    },
    async [Symbol.asyncDispose]() {
      await sql.close({ timeout: 0 });
      await Promise.all([server.stop(), postgres[Symbol.asyncDispose]()]);
    },
  };
}

export function relayLines({ lines }: { readonly lines: readonly string[] }): RelayLine[] {
  return lines.map((line) => JSON.parse(line) as RelayLine);
}
