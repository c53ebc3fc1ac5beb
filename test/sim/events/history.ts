import { cancelMessages as cancelMany, cancelMessage as cancelOne } from "../../../src/commands/cancel.ts";
import { dropDeadLetters as dropCommand, redrive as redriveCommand } from "../../../src/commands/dead-letters.ts";
import { expungeApplication, expungeMessages } from "../../../src/commands/expunge.ts";
import { bulkReplay, recover, replayMissing } from "../../../src/commands/replays.ts";
import { resend as resendCommand } from "../../../src/commands/resend.ts";
import { cancelTask as cancelCommand } from "../../../src/commands/tasks.ts";
import { type ExactObject, parseExact } from "../../../src/core/exact-json.ts";
import { seqAt } from "../../../src/core/id.ts";
import type { Message } from "../../../src/store/index.ts";
import { ROOT } from "../../support/actor.ts";
import type { Program } from "../program.ts";
import { type Event, HOUR_MS, type Scene, type Sent } from "../scene.ts";
import type { Target } from "../watch/in-flight.ts";
import { unless } from "./problems.ts";

/**
 * Returns the targeted message, or a random one. It is often one of the newest, because most
 * operations concern those.
 */
async function pickMessage({ dice, sent }: Scene, { store }: Program, target: Target | null): Promise<Message | null> {
  if (target?.messageSeq != null) return store.history.messages.get(target.messageSeq);
  const endpoint = target === null ? null : await store.configuration.endpoints.get(target.endpointSeq);
  const isMeant = ({ answer, applicationSeq }: Sent) =>
    answer === "accepted" && (endpoint === null || endpoint.applicationSeq === applicationSeq);
  const accepted = sent.filter(isMeant);
  const message = dice.pick(dice.chance(0.5) ? accepted.slice(-10) : accepted);
  return message === undefined ? null : store.history.messages.get(message.seq);
}

/** Resends one message to one endpoint. */
export const resend: Event = async (scene, program, target) => {
  const { dice, environment: environmentSeq } = scene;
  const message = await pickMessage(scene, program, target);
  if (message === null) return;
  const endpoints = await program.store.configuration.endpoints.active(message.applicationSeq);
  const endpoint = endpoints.find(({ seq }) => seq === target?.endpointSeq) ?? dice.pick(endpoints);
  if (endpoint === undefined) return;
  const known = { seq: message.seq, hasPayload: message.payload !== null };
  const filter = endpoint.filter === null ? null : (parseExact(endpoint.filter) as ExactObject);
  const asked = { application: { environmentSeq }, message: known, endpoint: { ...endpoint, filter, disabled: false } };
  await resendCommand(program.kernel, asked).catch((error) => unless(error, "missing_payload", "filtered"));
};

/** Redrives all dead letters, or those of one endpoint. */
export const redrive: Event = async (scene, program, target) => {
  const { environment: environmentSeq, dice } = scene;
  const filter = target === null ? { environmentSeq } : { environmentSeq, endpointSeq: target.endpointSeq };
  await redriveCommand(program.kernel, filter, target === null ? dice.pick([1, 50, 1000]) : 1000, ROOT);
};

/** Drops the dead letters of one endpoint. */
export const dropDeadLetters: Event = async (scene, program) => {
  const endpointSeq = scene.dice.pick(scene.endpoints);
  scene.checks.ending.mayBeDropped(endpointSeq);
  await dropCommand(program.kernel, { environmentSeq: scene.environment, endpointSeq });
};

/** Replays failed, missing or all messages of the last hours to one endpoint. */
export const replay: Event = async (scene, program, target) => {
  const { dice, environment: environmentSeq } = scene;
  const { kernel, store, clock } = program;
  const endpoint = await store.configuration.endpoints.get(target?.endpointSeq ?? dice.pick(scene.endpoints));
  if (endpoint === null || endpoint.disabled) return;
  const application = { seq: endpoint.applicationSeq, environmentSeq };
  const since = clock.now() - dice.below(dice.pick([10_000, HOUR_MS, 48 * HOUR_MS]));
  const window = { since, until: null };
  await dice.pick([
    () => recover(kernel, { application, endpoint, startedBy: ROOT }, window),
    () => replayMissing(kernel, { application, endpoint, startedBy: ROOT }, window),
    () => bulkReplay(kernel, { application, endpoint, startedBy: ROOT }, window, {}),
  ])();
};

/** Deletes the payload of one message. */
export const expunge: Event = async (scene, program, target) => {
  const message = await pickMessage(scene, program, target);
  if (message === null) return;
  scene.checks.ending.mayBeExpunged(message.seq);
  const application = { seq: message.applicationSeq, environmentSeq: scene.environment };
  await expungeMessages(program.kernel, application, [{ seq: message.seq }]);
};

/** Deletes all payloads of an application. */
export const purge: Event = async (scene, program, target) => {
  const { kernel, store, clock } = program;
  const { environment: environmentSeq } = scene;
  const endpoint = target === null ? null : await store.configuration.endpoints.get(target.endpointSeq);
  const seq = endpoint?.applicationSeq ?? scene.dice.pick(scene.applications);
  scene.checks.ending.mayBePurged(seq, Math.max(seqAt(clock.now()), kernel.seqs.last + 1));
  await expungeApplication(kernel, { seq, environmentSeq }, ROOT);
};

/** Cancels the pending deliveries of one message. */
export const cancelMessage: Event = async (scene, program, target) => {
  const message = await pickMessage(scene, program, target);
  if (message === null) return;
  scene.checks.ending.mayBeCancelled(message.seq);
  const application = { environmentSeq: scene.environment };
  await cancelOne(program.kernel, application, message).catch((error) => unless(error, "already_sent"));
};

/** Cancels the pending deliveries of an endpoint, those of all messages or of older ones. */
export const cancelMessages: Event = async (scene, program, target) => {
  const { kernel, store, clock } = program;
  const { environment: environmentSeq, dice, checks } = scene;
  const endpoint = await store.configuration.endpoints.get(target?.endpointSeq ?? dice.pick(scene.endpoints));
  if (endpoint === null) return;
  checks.ending.mayBeCancelledFor(endpoint.seq, Math.max(seqAt(clock.now()), kernel.seqs.last + 1));
  const application = { seq: endpoint.applicationSeq, environmentSeq };
  const before = clock.now() + dice.pick([HOUR_MS, -10_000]);
  await cancelMany(kernel, { application, endpoint, startedBy: ROOT }, before);
};

/** Cancels a running background task. If none is running, starts a slow redrive and cancels it. */
export const cancelTask: Event = async (scene, program) => {
  const { kernel, store } = program;
  const { environment: environmentSeq, dice, checks, marks } = scene;
  const page = { from: null, limit: 20, backwards: false, order: "descending" } as const;
  const { rows } = await store.housekeeping.tasks.list(environmentSeq, { status: "running" }, page);
  const task = dice.pick(rows) ?? (await redriveCommand(kernel, { environmentSeq }, 1, ROOT));
  if (!(await cancelCommand(kernel, environmentSeq, task.seq))) return;
  marks.hit("task: cancelled");
  checks.rest.taskCancelled(task.seq);
};
