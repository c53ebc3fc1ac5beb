import { rmSync } from "node:fs";
import { executable, run } from "../support/binary.ts";
import { makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { Load } from "../support/load.ts";
import { startReceiver } from "../support/receiver.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const KEY = "ab".repeat(32);
const POSTERS = 16;

/** What the loss of the data directory has cost. */
export interface Disaster {
  /** Messages that got a 2xx before the disaster. */
  readonly acknowledged: number;
  /** Those of them that the replica lacked. */
  readonly lost: number;
  /** Time in ms from the first of the lost acknowledgements to the kill; 0 if none is lost. */
  readonly lostMs: number;
  /** Whether an acknowledged message was lost although a later one was not. */
  readonly hasGap: boolean;
}

/**
 * Loses the data directory `cycles` times: kills the server under load, deletes the directory and
 * restores it from the replica. Rejects if a restore or a start fails.
 */
export async function loseDisk(
  cycles: number,
  sync: "async" | "sync",
  say: (line: string) => void = () => {},
): Promise<readonly Disaster[]> {
  using home = temporaryDirectory();
  await using receiver = startReceiver();
  const [dataDir, replica] = [home.file("data"), home.file("replica")];
  await using boathook = await install([`--replica=${replica}`, `--replica-sync=${sync}`], {
    dataDir,
    env: { BOATHOOK_ENCRYPTION_KEY: KEY },
  });
  const app = await makeApplication(boathook.send);
  await makeEndpoint(boathook.send, app, receiver.url);
  const acknowledgedAt = new Map<string, number>();
  const send: Send = async (...call) => {
    const answer = await boathook.send(...call);
    if (answer.status === 202) acknowledgedAt.set(answer.json.id, performance.now());
    return answer;
  };
  const load = new Load(send, app, POSTERS);
  const known = new Set<string>();
  const disasters: Disaster[] = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    await load.more(200 + Math.floor(Math.random() * 800));
    load.serverDown();
    const killedAt = performance.now();
    await boathook.kill();
    const promised = [...load.promised.values()].flatMap(({ id }) => (id === null || known.has(id) ? [] : [id]));
    rmSync(dataDir, { recursive: true });
    await restore(replica, dataDir);
    await boathook.start();
    const stored = await messagesOf(boathook.send, app);
    const lost = promised.filter((id) => !stored.has(id)).sort();
    const kept = promised.filter((id) => stored.has(id)).sort();
    const hasGap = lost.length > 0 && kept.length > 0 && kept.at(-1)! > lost[0]!;
    const ages = lost.map((id) => killedAt - acknowledgedAt.get(id)!);
    const lostMs = Math.max(0, ...ages);
    disasters.push({ acknowledged: promised.length, lost: lost.length, lostMs, hasGap });
    const what = `${lost.length} of ${promised.length} acknowledged messages lost`;
    say(`${sync}, cycle ${cycle + 1}: ${what}, of the last ${Math.round(lostMs)} ms`);
    for (const id of promised) known.add(id);
    load.serverUp();
  }
  await load.stop();
  return disasters;
}

async function restore(replica: string, dataDir: string): Promise<void> {
  const { code, stderr } = await run(
    executable(),
    ["restore", `--replica=${replica}`, `--data-dir=${dataDir}`, "--deliver"],
    { env: { BOATHOOK_ENCRYPTION_KEY: KEY } },
  );
  if (code !== 0) throw new Error(`The restore ended with ${code}: ${stderr}`);
}

/** Returns the ids of all messages of an application. */
async function messagesOf(send: Send, app: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (let iterator = ""; ; ) {
    const { json } = await send("GET", `/app/${app}/msg?limit=250${iterator}`);
    for (const { id } of json.data) ids.add(id);
    if (json.done) return ids;
    iterator = `&iterator=${json.iterator}`;
  }
}
