import { Database } from "bun:sqlite";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromSources, type Program, type RunningBoathook, run, startBoathook } from "./binary.ts";
import { createServerDatabase } from "./server-database.ts";

/** A server process with its own data directory or its own database in PostgreSQL, for tests over HTTP. */
export interface TestServer {
  /** URL without a trailing slash. */
  readonly url: string;
  readonly dataDir: string;
  /** Creates a token with the command line while the server is running. */
  createToken(...options: string[]): Promise<string>;
  /** Runs a command on the data and returns its output. */
  run(...command: string[]): Promise<string>;
  /** Returns whether the text stands anywhere in the stored data, as it is. */
  stores(text: string): Promise<boolean>;
  /** Changes rows behind the back of the server, for example to what only an earlier version could store. */
  alterRows(statement: string): Promise<void>;
  /** Resolves to the first line of the log that fits, as soon as there is one. */
  readonly logged: RunningBoathook["logged"];
  /** Stops the server as an operator does and removes its data. */
  stop(): Promise<void>;
  /** Kills the server and starts another one on the same data and port. `env` changes its environment. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
}

export const ROOT_TOKEN = "root-token-of-the-tests-0123456789";

/** Tests use the sources unless `TEST_EXECUTABLE` names an executable. */
const { TEST_EXECUTABLE: executable } = process.env;
export const program: Program = executable === undefined ? fromSources : [executable];

/** `args` are added to the command line of `serve`, and `env` to its environment. */
export async function startServer(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  const home = await mkdtemp(join(tmpdir(), "boathook-api-"));
  const dataDir = join(home, "data");
  const database = await createServerDatabase();
  const allArgs = ["--allow-subnets=127.0.0.0/8", ...args];
  const options = { cwd: home, env: { BOATHOOK_ROOT_TOKEN: ROOT_TOKEN, ...database?.env, ...env } };
  let server = await startBoathook(program, dataDir, allArgs, options);
  const { url } = server;

  async function command(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await run(program, [...words, `--data-dir=${dataDir}`], {
      cwd: home,
      env: database === null ? {} : { ...database.env, BOATHOOK_ROOT_TOKEN: ROOT_TOKEN },
    });
    if (code !== 0) throw new Error(`boathook ${words.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  return {
    url,
    dataDir,
    run: command,
    logged: (fits) => server.logged(fits),
    async stores(text) {
      const stored = database === null ? await filesIn(dataDir) : await database.values();
      return stored.some((bytes) => bytes.includes(text));
    },
    async alterRows(statement) {
      if (database !== null) return database.run(statement);
      using db = new Database(join(dataDir, "boathook.db"));
      db.run("PRAGMA busy_timeout = 5000");
      db.run(statement);
    },
    createToken: (...words) => command("token", "create", ...words),
    async stop() {
      await server.stop();
      await rm(home, { recursive: true, force: true });
      await database?.drop();
    },
    async restart(changed = {}) {
      server.kill("SIGKILL");
      await server.exited;
      await database?.endLeases();
      server = await startBoathook(program, dataDir, [...allArgs, `--port=${new URL(url).port}`], {
        ...options,
        env: { ...options.env, ...changed },
      });
    },
  };
}

async function filesIn(directory: string): Promise<Buffer[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async ({ parentPath, name }) => Buffer.from(await Bun.file(join(parentPath, name)).bytes())),
  );
}
