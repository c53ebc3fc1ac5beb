import { chmodSync, chownSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keepUnlessThere, keptDirectory } from "../../scripts/test-servers/kept.ts";
import { postgresPrograms } from "../../scripts/test-servers/postgres.ts";
import { type BrokerTls, freePorts, RestartableProcess } from "./brokers/broker.ts";
import { createDatabase } from "./create-database.ts";
import { temporaryDirectory } from "./temporary.ts";

/** Null where PostgreSQL is missing. */
const programs = postgresPrograms();
export const hasPostgres = programs !== null;
if (!hasPostgres) console.log("PostgreSQL is missing: the tests with it are skipped");

/** The server refuses to run as root. Debian's package creates this user. */
const SERVER_USER = "postgres";
/** A superuser of the server, and its password. Connections over TCP need the password. */
export const POSTGRES_USER = "owner";
export const POSTGRES_PASSWORD = "pässword/of:the@tests";

/** A PostgreSQL server in a separate process, with its own data. Its commits are durable (`fsync`) unless a setting says otherwise. */
export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** The directory of its data. */
  readonly data: string;
  /** The directory of the Unix socket, over which connections need no password. */
  readonly socketDirectory: string;
  /** Returns the URL of a database, with the password and over TCP. */
  url(database: string): string;
  /** Creates a database and returns its URL. It is empty, or a copy of another one that nobody uses. */
  createDatabase(template?: string): Promise<string>;
  /** Removes a database that `createDatabase` has created. Ends its connections. */
  dropDatabase(url: string): Promise<void>;
  /** Ends the server at once, as a crash does. Its data remains. */
  kill(): Promise<void>;
  /** Starts a server that was killed, on the same data and port. */
  start(): Promise<void>;
}

/** Settings for servers that are not killed and hold many small databases, each for a short time. */
export const FOR_MANY_DATABASES = [
  ...["fsync = off", "full_page_writes = off", "shared_buffers = 32MB"],
  // It would visit all of them in turn.
  "autovacuum = off",
];

interface PostgresOptions {
  /** With a certificate, the server accepts connections with and without TLS. */
  readonly tls?: BrokerTls;
  /** Lines of `postgresql.conf`, such as `max_connections = 20`. */
  readonly settings?: readonly string[];
  /**
   * A user who logs in without a password; `all` means everybody. The check of a password takes PostgreSQL more
   * CPU time than all that a short test does with a connection.
   */
  readonly trusted?: string;
  /** With it, the server is a standby of this one, which is killed for a moment. */
  readonly primary?: PostgresServer;
}

/** Starts PostgreSQL. As root, it runs as another user. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const directory = temporaryDirectory();
  const [port] = freePorts(1) as [number];
  try {
    await prepare(directory, port, options);
  } catch (error) {
    directory[Symbol.dispose]();
    throw error;
  }
  const data = directory.file("data");
  const server = new RestartableProcess(
    asServerUser(join(programs!, "postgres"), "-D", data, "-c", `config_file=${directory.file("postgresql.conf")}`),
    { PATH: process.env.PATH ?? "" },
    directory.path,
    directory.file("log"),
  );
  const url = (database: string) =>
    `postgres://${POSTGRES_USER}:${encodeURIComponent(POSTGRES_PASSWORD)}@127.0.0.1:${port}/${database}`;
  const isReady = async () => {
    await using sql = new Bun.SQL(url("postgres"), { max: 1 });
    return sql.connect().then(
      () => true,
      () => false,
    );
  };
  // SIGQUIT is the immediate shutdown, after which the next start recovers from the write-ahead log.
  // After a SIGKILL, processes of the server could remain and prevent the next start.
  const kill = () => server.kill("SIGQUIT");
  const asOwner = async (use: (sql: Bun.SQL) => Promise<unknown>) => {
    await using sql = new Bun.SQL(url("postgres"), { max: 1 });
    await use(sql);
  };
  let databases = 0;
  await server.start(port, isReady);
  return {
    port,
    get pid() {
      return server.pid;
    },
    ...{ data, socketDirectory: directory.path },
    url,
    async createDatabase(template) {
      const name = `test_${++databases}`;
      await asOwner((sql) => createDatabase(sql, name, template));
      return url(name);
    },
    dropDatabase: (url) => asOwner((sql) => sql.unsafe(`DROP DATABASE ${new URL(url).pathname.slice(1)} WITH (FORCE)`)),
    kill,
    start: () => server.start(port, isReady),
    async [Symbol.asyncDispose]() {
      await kill();
      directory[Symbol.dispose]();
    },
  };
}

/** Writes the data and the configuration of a server into a directory. */
async function prepare(
  { path, file }: ReturnType<typeof temporaryDirectory>,
  port: number,
  { tls, settings = [], trusted, primary }: PostgresOptions,
): Promise<void> {
  own(path);
  if (primary === undefined) await initialize(file("data"));
  else await copyData(primary, file("data"));
  if (trusted !== undefined) writeOwned(file("data/pg_hba.conf"), accessWithTrust(trusted));
  const following = primary === undefined ? [] : [followerOf(primary)];
  writeOwned(file("postgresql.conf"), configuration(port, path, [...settings, ...following], tls !== undefined));
  if (tls === undefined) return;
  writeOwned(file("cert.pem"), tls.cert);
  writeOwned(file("key.pem"), tls.key);
}

/** Returns the rules for logins, of which the first that fits applies. */
function accessWithTrust(user: string): string {
  return `local all all trust\nhost all ${user} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n`;
}

function configuration(port: number, home: string, settings: readonly string[], hasTls: boolean): string {
  return [
    ...[`port = ${port}`, "listen_addresses = '127.0.0.1'", `unix_socket_directories = '${home}'`],
    ...["timezone = 'UTC'", "log_line_prefix = '%m [%p] '"],
    ...(hasTls ? ["ssl = on", `ssl_cert_file = '${home}/cert.pem'`, `ssl_key_file = '${home}/key.pem'`] : []),
    ...settings,
    "",
  ].join("\n");
}

/** Options of `initdb` for the data of all servers. */
const CLUSTER = [
  ...["-U", POSTGRES_USER, "--encoding=UTF8", "--locale=C", "--auth-host=scram-sha-256", "--auth-local=trust"],
  "--no-sync",
];

/** Makes the data of a new server. `initdb` needs ten times the CPU time of a copy, so it runs only once. */
async function initialize(data: string): Promise<void> {
  const initdb = join(programs!, "initdb");
  const version = await Bun.$`${initdb} --version`.text();
  const kind = Bun.hash([version, ...CLUSTER, POSTGRES_PASSWORD].join()).toString(36);
  const kept = keptDirectory(`postgres-${kind}`);
  if (!existsSync(kept)) await keepNewData(initdb, kept);
  await Bun.$`cp -a ${kept} ${data}`;
}

async function keepNewData(initdb: string, kept: string): Promise<void> {
  using directory = temporaryDirectory();
  own(directory.path);
  const [made, password] = [directory.file("data"), directory.file("password")];
  writeOwned(password, POSTGRES_PASSWORD);
  const command = asServerUser(initdb, "-D", made, `--pwfile=${password}`, ...CLUSTER);
  await Bun.$`${command}`.cwd("/").quiet();
  // It can only be renamed in the same file system. A crash of the machine must not leave a part of it there.
  const copy = `${kept}-${process.pid}`;
  await Bun.$`cp -a ${made} ${copy} && sync -f ${copy}`;
  keepUnlessThere(copy, kept);
  rmSync(copy, { recursive: true, force: true });
}

/** Returns the setting with which a standby follows its primary. */
function followerOf({ port }: PostgresServer): string {
  return `primary_conninfo = 'host=127.0.0.1 port=${port} user=${POSTGRES_USER} password=${POSTGRES_PASSWORD}'`;
}

/** Copies the data of a primary for a standby. Not all versions come with `pg_basebackup`. */
async function copyData(primary: PostgresServer, to: string): Promise<void> {
  await primary.kill();
  await Bun.$`cp -a ${primary.data} ${to}`;
  await primary.start();
  writeOwned(join(to, "standby.signal"), "");
}

/** Returns the command line of a program that refuses to run as root. */
export function asServerUser(program: string, ...args: readonly string[]): string[] {
  const user = [`--reuid=${SERVER_USER}`, `--regid=${SERVER_USER}`, "--clear-groups"];
  // The program must not outlive a test process that is killed.
  return ["setpriv", "--pdeathsig=QUIT", ...(process.getuid?.() === 0 ? user : []), program, ...args];
}

/** Writes a file that only the server's user may read, as the server demands of keys. */
export function writeOwned(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o600);
  own(path);
}

/** Makes the server's user the owner of a file or directory. */
export function own(path: string): void {
  if (process.getuid?.() === 0) chownSync(path, idOf("-u"), idOf("-g"));
}

function idOf(kind: "-u" | "-g"): number {
  return Number(Bun.spawnSync(["id", kind, SERVER_USER]).stdout.toString());
}
