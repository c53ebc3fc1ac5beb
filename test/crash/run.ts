import { makeApplication } from "../support/client.ts";
import { makeEndpoint, sendMessage } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { startReceiver } from "../support/receiver.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { KILLS, killAndRestart, killedStart } from "./kill.ts";
import { type SourceOutcome, SourceStorm } from "./source-storm.ts";
import { type Outcome, Storm } from "./storm.ts";

/**
 * Returns the number of messages to accept before the next kill. The number varies so that the
 * kills interrupt different operations.
 */
const someMessages = () => 100 + Math.floor(Math.random() * 400);

/** Longest time in ms from the start of a first process to its kill. */
const FIRST_START_MS = 600;

/**
 * Kills the executable `cycles` times during a storm, in all ways in turn. Rejects if a start
 * fails.
 */
export async function crash(cycles: number, say: (line: string) => void = () => {}): Promise<Outcome & SourceOutcome> {
  await using receiver = startReceiver();
  // With little concurrency, deliveries fall behind. At every kill some are under way and many are
  // pending.
  await using boathook = await install(["--endpoint-concurrency=2"]);
  const storm = await Storm.start(boathook.send, receiver);
  const atSource = await SourceStorm.start(boathook.send, receiver, boathook.url);
  for (let cycle = 0; cycle < cycles; cycle++) {
    const kill = KILLS[cycle % KILLS.length]!;
    await storm.load.more(someMessages());
    atSource.serverDown();
    await killAndRestart(kill, boathook, storm);
    atSource.serverUp();
    say(`cycle ${cycle + 1}: killed ${kill}; ${storm.load.promised.size} messages so far`);
  }
  await Promise.all([storm.stop(), atSource.stop()]);
  return { ...(await storm.settle()), ...(await atSource.settle()) };
}

/**
 * Kills the first process on an empty data directory at a random time, then starts a second one,
 * which must accept and deliver a message. Returns how long the first process lived, in ms.
 */
export async function crashFirstStart(): Promise<number> {
  const afterMs = Math.random() * FIRST_START_MS;
  using home = temporaryDirectory();
  const dataDir = home.file("data");
  await killedStart(dataDir, afterMs);
  await using receiver = startReceiver();
  await using boathook = await install([], { dataDir });
  const app = await makeApplication(boathook.send);
  await makeEndpoint(boathook.send, app, receiver.url);
  await sendMessage(boathook.send, app);
  await receiver.arrived(1);
  return afterMs;
}
