import { SQL } from "bun";
import type { Send } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";
import { startReceiver } from "../support/receiver.ts";
import { killedStart, START_MS } from "./kill.ts";
import { type SourceOutcome, SourceStorm } from "./source-storm.ts";
import { type Outcome, Storm } from "./storm.ts";

/** What is killed: the server, PostgreSQL, or only the connections between them. */
export const POSTGRES_KILLS = [
  "server",
  "PostgreSQL",
  "connections",
  "server during its start",
  "server and PostgreSQL",
  "server during its shutdown",
] as const;
export type PostgresKill = (typeof POSTGRES_KILLS)[number];

/**
 * Number of messages to accept before the next kill. Every step of a delivery waits for the disk, and
 * few deliveries are under way, so many messages would take long to arrive.
 */
const someMessages = () => 20 + Math.floor(Math.random() * 80);
/** The shortest lease. The next process waits for the end of the one before. */
const LEASE = "2s";

/** The server and its database, which one kill after another ends. */
interface Place {
  readonly postgres: PostgresServer;
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  readonly boathook: Installation;
}

/** Like `crash`, with the data in a PostgreSQL server whose commits are durable. */
export async function crashOnPostgres(
  cycles: number,
  say: (line: string) => void = () => {},
): Promise<Outcome & SourceOutcome> {
  await using receiver = startReceiver();
  await using postgres = await startPostgres();
  const url = await postgres.createDatabase();
  const env = { BOATHOOK_STORE: url, BOATHOOK_ENCRYPTION_KEY: "00".repeat(32) };
  await using boathook = await install(["--endpoint-concurrency=2", `--lease=${LEASE}`], { env });
  const place: Place = { postgres, url, env, boathook };
  const send = cutOffWhileUnavailable(boathook.send);
  const storm = await Storm.start(send, receiver);
  const atSource = await SourceStorm.start(send, receiver, boathook.url);
  for (let cycle = 0; cycle < cycles; cycle++) {
    const kill = POSTGRES_KILLS[cycle % POSTGRES_KILLS.length]!;
    await storm.load.more(someMessages());
    storm.serverDown();
    atSource.serverDown();
    await killAndRestart(kill, place);
    await until(
      () => boathook.send("GET", "/dead-letter/summary"),
      ({ status }) => status === 200,
    );
    storm.serverUp();
    atSource.serverUp();
    say(`cycle ${cycle + 1}: killed ${kill}; ${storm.load.promised.size} messages so far`);
  }
  await Promise.all([storm.stop(), atSource.stop()]);
  return { ...(await storm.settle()), ...(await atSource.settle()) };
}

async function killAndRestart(kill: PostgresKill, { postgres, url, env, boathook }: Place): Promise<void> {
  if (kill === "connections") {
    await killConnections(url);
    return;
  }
  if (kill === "server during its shutdown") {
    boathook.process.kill("SIGTERM");
    await Bun.sleep(Math.random() * 50);
  }
  if (kill !== "PostgreSQL") await boathook.kill();
  if (kill === "PostgreSQL" || kill === "server and PostgreSQL") {
    await postgres.kill();
    await postgres.start();
  }
  if (kill === "server during its start") {
    await killedStart(boathook.dataDir, Math.random() * START_MS, { args: [`--lease=${LEASE}`], env });
  }
  if (kill !== "PostgreSQL") await boathook.start();
}

/** Ends all connections of the server, some of them during a commit. */
async function killConnections(url: string): Promise<void> {
  await using sql = new SQL(url, { max: 1 });
  await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'boathook'`;
}

/**
 * Returns a function that sends requests and rejects, as if the connection had been closed, if the store
 * was not available. As after a lost response, the sender does not know whether the change was stored.
 */
function cutOffWhileUnavailable(send: Send): Send {
  return async (...request) => {
    const answer = await send(...request);
    if (answer.status === 503)
      throw Object.assign(new Error("The store is unavailable."), { code: "ConnectionClosed" });
    return answer;
  };
}
