import { existsSync } from "node:fs";
import { SQL } from "bun";
import { executable, type RunningBoathook, startBoathook } from "./binary.ts";
import { clientOf, type Send } from "./client.ts";
import { startPgbouncer } from "./pgbouncer.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import { ROOT_TOKEN } from "./server.ts";
import { databaseSettings } from "./server-database.ts";
import { temporaryDirectory } from "./temporary.ts";

/** A process that shares a database with others. */
export interface InstanceProcess {
  /** The running process, or the last one that ran. */
  readonly process: RunningBoathook;
  readonly url: string;
  readonly send: Send;
  /** Sends SIGKILL. Resolves when the process has ended. */
  kill(): Promise<void>;
  /** Starts the next process. It has another port. */
  start(): Promise<void>;
}

/** Several processes of the executable on one PostgreSQL server. */
export interface InstanceGroup extends AsyncDisposable {
  readonly server: PostgresServer;
  /** URL of the database of the instances. */
  readonly url: string;
  /** A connection to the database of the instances. */
  readonly sql: SQL;
  readonly instances: readonly InstanceProcess[];
}

export interface GroupOptions {
  readonly count?: number;
  readonly args?: readonly string[];
  /** Further variables of each process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Lines of `postgresql.conf`. */
  readonly settings?: readonly string[];
  /** Whether the instances connect through PgBouncer. */
  readonly isPooled?: boolean;
  /** By how many seconds the clock of each instance is wrong. By default every clock is right. */
  readonly clockErrors?: readonly number[];
}

/** Debian's package `faketime`, with which a process sees another time. */
const FAKETIME = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/faketime/libfaketimeMT.so.1`;
export const hasFaketime = existsSync(FAKETIME);
if (!hasFaketime) console.log("faketime is missing: the tests of instances with different clocks are skipped");

/** Returns the variables of a process whose clock is wrong by `seconds`. */
function wrongClock(seconds: number): Record<string, string> {
  if (seconds === 0) return {};
  const offset = `${seconds < 0 ? "" : "+"}${seconds}s`;
  return { LD_PRELOAD: FAKETIME, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: "1" };
}

/** Starts PostgreSQL, and then one instance after another. */
export async function startInstances(options: GroupOptions = {}): Promise<InstanceGroup> {
  const { count = 2, args = [], settings = [], isPooled = false, clockErrors = [] } = options;
  const server = await startPostgres({ settings });
  const home = temporaryDirectory();
  const url = await server.createDatabase();
  const pooler = isPooled ? await startPgbouncer(server) : null;
  const env = {
    ...databaseSettings(pooler?.through(url) ?? url),
    BOATHOOK_ROOT_TOKEN: ROOT_TOKEN,
  };
  const all = ["--allow-subnets=127.0.0.0/8", ...args];
  const instances: InstanceProcess[] = [];
  const stop = async () => {
    for (const instance of instances) await instance.kill();
    await sql.close();
    await pooler?.[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    home[Symbol.dispose]();
  };
  const sql = new SQL(url, { max: 2 });
  try {
    while (instances.length < count) {
      const own = { ...env, ...options.env, ...wrongClock(clockErrors[instances.length] ?? 0) };
      const begin = () => startBoathook(executable(), home.file("unused"), all, { cwd: home.path, env: own });
      instances.push(instanceOf(begin, await begin()));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { server, url, sql, instances, [Symbol.asyncDispose]: stop };
}

function instanceOf(begin: () => Promise<RunningBoathook>, first: RunningBoathook): InstanceProcess {
  let running = first;
  return {
    get process() {
      return running;
    },
    get url() {
      return running.url;
    },
    send: (...request) => clientOf(running.url)(...request),
    async kill() {
      running.kill("SIGKILL");
      await running.exited;
    },
    async start() {
      running = await begin();
    },
  };
}
