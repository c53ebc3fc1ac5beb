import { redrive as redriveCommand } from "../../../src/commands/dead-letters.ts";
import { expungeMessages } from "../../../src/commands/expunge.ts";
import { resend as resendCommand } from "../../../src/commands/resend.ts";
import { startTask } from "../../../src/commands/tasks.ts";
import { seqAt } from "../../../src/core/id.ts";
import { Problem } from "../../../src/core/problem.ts";
import { PURGE, type PurgeData } from "../../../src/deliver/tasks/purge.ts";
import { REPLAYS, type ReplayData } from "../../../src/deliver/tasks/replay.ts";
import { Retention } from "../../../src/deliver/tasks/retention.ts";
import type { Program } from "../program.ts";
import { HOUR_MS, type Scene } from "../scene.ts";

/** Somebody sends one message to one endpoint again. */
export async function resend(scene: Scene, program: Program): Promise<void> {
  const { dice, environment: environmentSeq } = scene;
  const message = await pickMessage(scene, program);
  if (message === null) return;
  const endpoints = await program.store.configuration.endpoints.active(message.applicationSeq);
  if (endpoints.length === 0) return;
  const endpoint = dice.pick(endpoints);
  await resendCommand(program.kernel, { application: { environmentSeq }, message, endpoint }).catch(unlessExpunged);
}

/** Its payload is no longer kept. */
function unlessExpunged(error: unknown): void {
  if (!(error instanceof Problem && error.code === "missing_payload")) throw error;
}

async function pickMessage({ dice, sent }: Scene, { store }: Program) {
  const message = dice.pick(sent.filter(({ answer }) => answer === "accepted"));
  return message === undefined ? null : store.history.messages.get(message.seq);
}

/** All dead letters are sent again, bit by bit. */
export async function redrive(scene: Scene, program: Program): Promise<void> {
  const { environment: environmentSeq } = scene;
  await redriveCommand(program.kernel, { environmentSeq }, scene.dice.pick([1, 50, 1000]));
}

/** What failed, what is missing or what was sent, to one endpoint. */
export async function replay(scene: Scene, program: Program): Promise<void> {
  const { dice } = scene;
  const { kernel, store, clock } = program;
  const endpoint = await store.configuration.endpoints.get(dice.pick(scene.endpoints));
  if (endpoint === null) return;
  const from = seqAt(clock.now() - dice.below(48 * HOUR_MS));
  await startTask(kernel, scene.environment, dice.pick(Object.keys(REPLAYS)), (to) => {
    const { applicationSeq, seq: endpointSeq } = endpoint;
    const data: ReplayData = { applicationSeq, endpointSeq, from, to, messagesSent: 0 };
    return { ...data };
  });
}

/** A payload that was not to be kept. */
export async function expunge(scene: Scene, program: Program): Promise<void> {
  const message = await pickMessage(scene, program);
  if (message === null) return;
  scene.checks.ending.mayBeExpunged(message.seq);
  const application = { seq: message.applicationSeq, environmentSeq: scene.environment };
  await expungeMessages(program.kernel, application, [{ seq: message.seq }]);
}

/** All payloads of an application. */
export async function purge(scene: Scene, program: Program): Promise<void> {
  const applicationSeq = scene.dice.pick(scene.applications);
  await startTask(program.kernel, scene.environment, PURGE, (seq) => {
    scene.checks.ending.mayBePurged(applicationSeq, seq);
    const data: PurgeData = { applicationSeq, from: 0, messagesPurged: 0 };
    return { ...data };
  });
}

/** What is older than the retention. */
export async function prune(scene: Scene, { store, clock }: Program): Promise<void> {
  const retention = new Retention(clock, store, scene.retentionMs);
  do scene.checks.ending.mayBePruned(clock.now(), scene.retentionMs);
  while (await retention.runOnce());
}
