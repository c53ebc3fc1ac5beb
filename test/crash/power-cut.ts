import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { makeEndpoint, until } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { ifCutOff, Load, type Promised } from "../support/load.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { createDiskImage, type DiskImage } from "./disk-image.ts";
import { spawnServer } from "./kill.ts";
import { Receipts } from "./model.ts";
import { PATIENCE_MS } from "./storm.ts";

const POSTERS = 8;
const PATH = "/steady";
/** Number of messages that are accepted between two power cuts. */
const MESSAGES = 200;
const IMAGE_MIB = 192;
/** Longest time in ms from the start of the first process on an empty disk to the power cut. */
const FIRST_START_MS = 2_000;

export interface CutOutcome {
  /** Messages that got a 2xx before the power cut. */
  readonly accepted: number;
  /** Accepted messages that never arrived or that the API cannot find after the power cut. */
  readonly lost: number;
}

/**
 * State at the moment of a power cut: the disk, the acknowledged messages and those that had
 * arrived.
 */
interface Cut {
  readonly disk: DiskImage;
  readonly promised: ReadonlyMap<string, Promised>;
  readonly arrived: ReadonlySet<string>;
}

/**
 * Cuts the power `cuts` times under load and starts the server on each of the resulting disks.
 * Returns null if this machine cannot mount a file as a file system.
 */
export async function powerCuts(cuts: number, say: (line: string) => void = () => {}): Promise<CutOutcome | null> {
  using disk = createDiskImage(IMAGE_MIB);
  if (disk === null) return null;
  await using receiver = startReceiver();
  const receipts = new Receipts();
  receiver.answering = receipts.answering;
  const made: Cut[] = [];
  let app: string;
  {
    await using boathook = await install(["--endpoint-concurrency=2"], { dataDir: disk.dataDir });
    app = await makeApplication(boathook.send);
    await makeEndpoint(boathook.send, app, receiver.url + PATH);
    const load = new Load(boathook.send, app, POSTERS);
    for (let i = 0; i < cuts; i++) {
      await load.more(MESSAGES);
      const promised = new Map(load.promised);
      made.push({
        disk: await disk.cutFor(boathook.process.pid),
        promised,
        arrived: new Set(receipts.at(PATH).keys()),
      });
    }
    await load.stop();
  }
  const sum = { accepted: 0, lost: 0 };
  for (const [i, cut] of made.entries()) {
    using image = cut.disk;
    const { accepted, lost } = await outcomeOf(image, app, cut, receiver);
    say(`power cut ${i + 1}: ${accepted} messages accepted, ${cut.arrived.size} arrived before, ${lost} lost`);
    sum.accepted += accepted;
    sum.lost += lost;
  }
  return sum;
}

/**
 * Cuts the power at a random time soon after the first start on an empty disk, while the first
 * messages arrive. The server must start again.
 */
export async function powerCutAtFirstStart(say: (line: string) => void = () => {}): Promise<CutOutcome | null> {
  using disk = createDiskImage(IMAGE_MIB);
  if (disk === null) return null;
  await using receiver = startReceiver();
  const receipts = new Receipts();
  receiver.answering = receipts.answering;
  const afterMs = Math.random() * FIRST_START_MS;
  const { child, url } = await spawnServer(disk.dataDir);
  const promised = new Map<string, Promised>();
  const filling = fill({ send: clientOf(url), url: receiver.url + PATH, isKilled: () => child.killed }, promised);
  await Bun.sleep(afterMs);
  const known = new Map(promised);
  const arrived = new Set(receipts.at(PATH).keys());
  using cut = await disk.cutFor(child.pid);
  child.kill("SIGKILL");
  await child.exited;
  await filling;
  const outcome = await outcomeOf(cut, "first", { disk: cut, promised: known, arrived }, receiver);
  say(`power cut ${Math.round(afterMs)} ms after the first start: ${outcome.accepted} accepted, ${outcome.lost} lost`);
  return outcome;
}

/**
 * Sends messages one after the other, from the moment when the server is ready until it is killed.
 */
async function fill(
  { send, url, isKilled }: { readonly send: Send; readonly url: string; readonly isKilled: () => boolean },
  promised: Map<string, Promised>,
): Promise<void> {
  const created = await until(
    () => send("POST", "/app", { name: "first", uid: "first" }).catch(ifCutOff),
    (answer) => answer?.status === 201 || isKilled(),
  );
  if (created === null) return;
  await makeEndpoint(send, "first", url).catch(ifCutOff);
  for (let n = 0; ; n++) {
    const payload = { eventId: `first-${n}` };
    const answer = await send("POST", "/app/first/msg", { eventType: "load", ...payload, payload }).catch(ifCutOff);
    if (answer === null) return;
    if (answer.status === 202) promised.set(payload.eventId, { id: answer.json.id, body: JSON.stringify(payload) });
  }
}

/** Starts the server on a disk after a power cut and waits for the promised messages. */
async function outcomeOf(disk: DiskImage, app: string, cut: Cut, receiver: Receiver): Promise<CutOutcome> {
  const receipts = new Receipts();
  receiver.answering = receipts.answering;
  await using boathook = await install([], { dataDir: disk.dataDir });
  const missing = () => {
    const arrived = receipts.at(PATH);
    return [...cut.promised.keys()].filter((eventId) => !cut.arrived.has(eventId) && !arrived.has(eventId));
  };
  const deadline = performance.now() + PATIENCE_MS;
  await until(
    async () => missing().length,
    (left) => left === 0 || performance.now() > deadline,
  );
  const lost = new Set(missing());
  for (const eventId of cut.promised.keys()) {
    const { status } = await boathook.send("GET", `/app/${app}/msg/${eventId}`);
    if (status !== 200) lost.add(eventId);
  }
  return { accepted: cut.promised.size, lost: lost.size };
}
