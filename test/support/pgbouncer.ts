import { pgbouncerProgram } from "../../scripts/test-servers/pgbouncer.ts";
import { freePorts, RestartableProcess } from "./brokers/broker.ts";
import {
  asServerUser,
  hasPostgres,
  own,
  POSTGRES_PASSWORD,
  POSTGRES_USER,
  type PostgresServer,
  writeOwned,
} from "./postgres.ts";
import { temporaryDirectory } from "./temporary.ts";

const program = pgbouncerProgram();
export const hasPgbouncer = hasPostgres && program !== null;
if (program === null) console.log("PgBouncer is missing: the tests with it are skipped");

/** A pooler between clients and a PostgreSQL server. */
export interface Pgbouncer extends AsyncDisposable {
  /** Returns the URL of a database through the pooler. */
  through(url: string): string;
}

/**
 * Starts PgBouncer in front of a server. A connection to the server serves any client from one transaction
 * to the next.
 */
export async function startPgbouncer(server: Pick<PostgresServer, "port">, poolSize = 10): Promise<Pgbouncer> {
  const [port] = freePorts(1) as [number];
  const configuration = (users: string) =>
    [
      ...["[databases]", `* = host=127.0.0.1 port=${server.port}`, "[pgbouncer]"],
      ...["listen_addr = 127.0.0.1", `listen_port = ${port}`],
      ...["auth_type = scram-sha-256", `auth_file = ${users}`],
      ...["pool_mode = transaction", `default_pool_size = ${poolSize}`, "server_login_retry = 1"],
    ].join("\n");
  const pooler = await runPgbouncer(port, `"${POSTGRES_USER}" "${POSTGRES_PASSWORD}"\n`, configuration);
  return {
    through(url) {
      const pooled = new URL(url);
      pooled.port = String(port);
      return pooled.href;
    },
    [Symbol.asyncDispose]: () => pooler[Symbol.asyncDispose](),
  };
}

/**
 * Runs PgBouncer with a configuration, which gets the path of the file with these users and must end in
 * its section `[pgbouncer]`. Resolves when it listens on the port.
 */
export async function runPgbouncer(
  port: number,
  users: string,
  configuration: (users: string) => string,
): Promise<AsyncDisposable> {
  const directory = temporaryDirectory();
  own(directory.path);
  writeOwned(directory.file("users"), users);
  const whole = `${configuration(directory.file("users"))}\nunix_socket_dir =\n`;
  writeOwned(directory.file("pgbouncer.ini"), whole);
  const pooler = new RestartableProcess(
    asServerUser(program!, directory.file("pgbouncer.ini")),
    { PATH: process.env.PATH ?? "" },
    directory.path,
    directory.file("log"),
  );
  try {
    await pooler.start(port);
  } catch (error) {
    directory[Symbol.dispose]();
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      await pooler.kill();
      directory[Symbol.dispose]();
    },
  };
}
