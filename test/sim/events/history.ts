import { type Seq, seqAt } from "../../../src/core/id.ts";
import { Retention } from "../../../src/deliver/retention.ts";
import { PURGE, type PurgeData } from "../../../src/deliver/tasks/purge.ts";
import { REPLAYS, type ReplayData } from "../../../src/deliver/tasks/replay.ts";
import type { Task } from "../../../src/store/index.ts";
import type { Program } from "../program.ts";
import { HOUR_MS, type Scene } from "../scene.ts";

/** Somebody sends one message to one endpoint again. */
export async function resend(scene: Scene, program: Program): Promise<void> {
  const { dice, environment: environmentSeq } = scene;
  const { store, seqs, engine, facts, clock } = program;
  const stored = await pickMessage(scene, program);
  if (stored === null) return;
  const endpoints = await store.configuration.endpoints.active(stored.applicationSeq);
  if (endpoints.length === 0) return;
  const endpointSeq = dice.pick(endpoints).seq;
  const position = seqs.next();
  const delivery = { seq: seqs.next(), position, now: clock.now() };
  const { was, deliverySeq } = await store.queue.resend(stored.seq, endpointSeq, delivery);
  facts.state({ type: "delivery.resent", environmentSeq, endpointSeq, deliverySeq, was });
  engine.wake(endpointSeq, position);
}

async function pickMessage({ dice, sent }: Scene, { store }: Program) {
  const message = dice.pick(sent.filter(({ answer }) => answer === "accepted"));
  return message === undefined ? null : store.history.messages.get(message.seq);
}

/** All dead letters are sent again, bit by bit. */
export async function redrive(scene: Scene, program: Program): Promise<void> {
  const { environment: environmentSeq } = scene;
  const data = { filter: { environmentSeq }, rate: scene.dice.pick([1, 50, 1000]), redriven: 0, after: 0 };
  await begin(scene, program, "dead-letter.redrive", data);
}

/** What failed, what is missing or what was sent, to one endpoint. */
export async function replay(scene: Scene, program: Program): Promise<void> {
  const { dice } = scene;
  const { store, seqs, clock } = program;
  const endpoint = await store.configuration.endpoints.get(dice.pick(scene.endpoints));
  if (endpoint === null) return;
  const seq = seqs.next();
  const data: ReplayData = {
    applicationSeq: endpoint.applicationSeq,
    endpointSeq: endpoint.seq,
    from: seqAt(clock.now() - dice.below(48 * HOUR_MS)),
    to: seq,
    messagesSent: 0,
  };
  await begin(scene, program, dice.pick(Object.keys(REPLAYS)), { ...data }, seq);
}

/** A payload that was not to be kept. */
export async function expunge(scene: Scene, program: Program): Promise<void> {
  const { store, facts } = program;
  const message = await pickMessage(scene, program);
  if (message === null) return;
  scene.checks.ending.mayBeExpunged(message.seq);
  const { found: _, ...expunged } = await store.queue.expunge.messages(message.applicationSeq, [{ seq: message.seq }]);
  facts.state({ type: "messages.expunged", environmentSeq: scene.environment, ...expunged });
}

/** All payloads of an application. */
export async function purge(scene: Scene, program: Program): Promise<void> {
  const applicationSeq = scene.dice.pick(scene.applications);
  const seq = program.seqs.next();
  scene.checks.ending.mayBePurged(applicationSeq, seq);
  const data: PurgeData = { applicationSeq, from: 0, messagesPurged: 0 };
  await begin(scene, program, PURGE, { ...data }, seq);
}

/** What is older than the retention. */
export async function prune(scene: Scene, { store, clock }: Program): Promise<void> {
  const retention = new Retention(clock, store, scene.retentionMs);
  do scene.checks.ending.mayBePruned(clock.now(), scene.retentionMs);
  while (await retention.runOnce());
}

async function begin(
  scene: Scene,
  { store, seqs, engine, clock }: Program,
  kind: string,
  data: Task["data"],
  seq: Seq = seqs.next(),
): Promise<void> {
  const task: Task = {
    seq,
    environmentSeq: scene.environment,
    kind,
    status: "running",
    data,
    updatedAt: clock.now(),
  };
  await store.housekeeping.tasks.create(task);
  engine.startTask(task);
}
