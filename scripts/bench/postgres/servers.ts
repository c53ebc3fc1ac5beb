import { readdirSync, readFileSync } from "node:fs";
import { SQL } from "bun";
import { startPostgres } from "../../../test/support/postgres.ts";
import { databaseSettings } from "../../../test/support/server-database.ts";
import { type Product, startProduct } from "../product.ts";
import { TemporaryDirectory } from "../resources.ts";

/** Servers that share their data, and the PostgreSQL server that has it, if any. */
export interface Servers extends AsyncDisposable {
  readonly products: readonly Product[];
  /** CPU time of all processes of PostgreSQL so far, in ms; 0 with SQLite. */
  databaseCpuMs(): number;
  /** What PostgreSQL has counted; null with SQLite. */
  counts(): Promise<Counts | null>;
}

export interface Counts {
  /** Commits of all instances. */
  readonly commits: number;
  readonly walBytes: number;
}

const DIVIDED_WITHIN_MS = 60_000;
const LOOK_MS = 100;
const MS_PER_TICK = 10;

/** Starts a server with SQLite. */
export async function startOnSqlite(executable: string): Promise<Servers> {
  const home = new TemporaryDirectory();
  const product = await startProduct(executable, home.file("data"));
  return {
    products: [product],
    databaseCpuMs: () => 0,
    counts: async () => null,
    async [Symbol.asyncDispose]() {
      await product[Symbol.asyncDispose]();
      home[Symbol.dispose]();
    },
  };
}

/** Starts PostgreSQL and instances, and waits until each has its share of the lanes. */
export async function startOnPostgres(executable: string, count: number): Promise<Servers> {
  await using started = new AsyncDisposableStack();
  const server = started.use(await startPostgres({ settings: ["shared_buffers = 256MB", "max_wal_size = 2GB"] }));
  const url = await server.createDatabase();
  const home = started.use(new TemporaryDirectory());
  const env = databaseSettings(url);
  const products: Product[] = [];
  for (let i = 0; i < count; i++) {
    products.push(started.use(await startProduct(executable, home.file(`${i}`), "root", [], env)));
  }
  const sql = started.adopt(new SQL(url, { max: 1 }), (sql) => sql.close());
  await untilDivided(sql, count);
  const parts = started.move();
  return {
    products,
    databaseCpuMs: () => cpuMsOfFamily(server.pid),
    async counts() {
      const [row] = await sql`SELECT (SELECT sum(commits)::float8 FROM instance) AS commits,
        (SELECT wal_bytes::float8 FROM pg_stat_wal) AS "walBytes"`;
      return row as Counts;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Waits until every instance serves as many lanes as the others. */
async function untilDivided(sql: SQL, count: number): Promise<void> {
  const deadline = performance.now() + DIVIDED_WITHIN_MS;
  let shares: number[] = [];
  while (performance.now() < deadline) {
    const rows = await sql`SELECT count(*)::int AS share FROM lane_partition GROUP BY slot`;
    shares = rows.map(({ share }: { readonly share: number }) => share);
    if (shares.length === count && Math.max(...shares) - Math.min(...shares) <= 1) return;
    await Bun.sleep(LOOK_MS);
  }
  throw new Error(`After ${DIVIDED_WITHIN_MS / 1000} s, the shares of the lanes are ${shares.join(", ")}.`);
}

/** Returns the CPU time of a process and of all its children, even of those that have ended; NaN without /proc. */
function cpuMsOfFamily(pid: number): number {
  if (process.platform !== "linux") return NaN;
  let ms = 0;
  for (const entry of readdirSync("/proc")) {
    const stat = /^\d+$/.test(entry) ? statOf(entry) : null;
    if (stat === null) continue;
    if (stat.parent === pid) ms += stat.ownMs;
    else if (Number(entry) === pid) ms += stat.ownMs + stat.endedChildrenMs;
  }
  return ms;
}

/** Reads `/proc/PID/stat`. Null if the process has ended. */
function statOf(pid: string) {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null;
  }
  // The name of the program, in parentheses, may contain spaces.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) * MS_PER_TICK;
  return { parent: Number(fields[1]), ownMs: ticks(11), endedChildrenMs: ticks(13) };
}
