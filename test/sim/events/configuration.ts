import {
  changeApplication,
  deleteApplication as deleteApplicationCommand,
} from "../../../src/commands/applications.ts";
import * as endpointCommands from "../../../src/commands/endpoints.ts";
import { endpointUpdated } from "../../../src/commands/publish.ts";
import { Problem } from "../../../src/core/problem.ts";
import { generateSecret } from "../../../src/core/signature.ts";
import type { Endpoint, KnownEndpoint } from "../../../src/store/index.ts";
import type { Dice } from "../dice.ts";
import { rollApplicationRate } from "../furnish.ts";
import type { Program } from "../program.ts";
import { CHANNELS, EVENT_TYPES, HOUR_MS, type Scene } from "../scene.ts";

/** One of the endpoints, unless it has been deleted. */
async function pickEndpoint({ dice, endpoints }: Scene, { store }: Program): Promise<KnownEndpoint | null> {
  const endpoint = await store.configuration.endpoints.get(dice.pick(endpoints));
  return endpoint === null || endpoint.deleted ? null : endpoint;
}

/** A customer changes what an endpoint wants, whether it takes anything, or its key. */
export async function reconfigure(scene: Scene, program: Program): Promise<void> {
  const endpoint = await pickEndpoint(scene, program);
  if (endpoint === null) return;
  const { dice, network } = scene;
  const roll = dice.next();
  if (roll < 0.08) return deleteEndpoint(scene, program, endpoint);
  if (roll < 0.12) network.changeMood(new URL(endpoint.url).hostname, "gone");
  if (roll < 0.35) await rotateSecret(scene, program, endpoint);
  else await update(scene, program, endpoint, rollChange(dice, endpoint));
}

async function deleteEndpoint({ checks }: Scene, program: Program, endpoint: Endpoint): Promise<void> {
  const { seq: endpointSeq } = endpoint;
  checks.attempts.endpointChanging(endpointSeq);
  await endpointCommands.deleteEndpoint(program.kernel, endpoint);
  checks.attempts.endpointChanged(endpointSeq);
}

async function rotateSecret(scene: Scene, program: Program, endpoint: Endpoint): Promise<void> {
  const { dice, checks } = scene;
  const { kernel, store, clock } = program;
  const { seq: endpointSeq } = endpoint;
  const secret = generateSecret(dice.bytes(24));
  checks.signatures.secretOffered(endpointSeq, secret);
  const oldExpiresAt = clock.now() + 1000 + dice.below(24 * HOUR_MS);
  if (await store.configuration.endpoints.rotateSecret(endpointSeq, secret, clock.now(), oldExpiresAt)) {
    checks.signatures.secretStored(endpointSeq, secret);
  }
  endpointUpdated(kernel, endpoint, endpoint);
}

function rollChange(dice: Dice, endpoint: Endpoint): Partial<Endpoint> {
  return dice.pick<Partial<Endpoint>>([
    { paused: !endpoint.paused },
    { disabled: !endpoint.disabled, failingSince: null },
    { ordering: endpoint.ordering === "fifo" ? "parallel" : "fifo" },
    { eventTypes: dice.chance(0.5) ? [dice.pick(EVENT_TYPES)] : null },
    { channels: dice.chance(0.5) ? [dice.pick(CHANNELS)] : null },
  ]);
}

/** A customer changes how fast, how often and how long an endpoint is tried. */
export async function retune(scene: Scene, program: Program): Promise<void> {
  const endpoint = await pickEndpoint(scene, program);
  if (endpoint === null) return;
  const { dice } = scene;
  const change = dice.pick<Partial<Endpoint>>([
    { throttleRate: dice.pick([null, 1, 20]) },
    { concurrency: dice.pick([null, 1, 8]) },
    { retryScheduleMs: dice.pick([null, [], [0, 0], [1000, 60_000]]) },
    { timeoutMs: dice.pick([null, 200, 20_000]) },
  ]);
  await update(scene, program, endpoint, change);
}

async function update(scene: Scene, program: Program, endpoint: Endpoint, change: Partial<Endpoint>): Promise<void> {
  const { checks } = scene;
  const { seq: endpointSeq } = endpoint;
  checks.attempts.endpointChanging(endpointSeq);
  if (change.retryScheduleMs !== undefined) checks.ending.mayBeRescheduled(endpointSeq);
  await endpointCommands.changeEndpoint(program.kernel, endpointSeq, () => change).catch(unlessGone);
  checks.attempts.endpointChanged(endpointSeq);
}

export async function throttleApplication(scene: Scene, program: Program): Promise<void> {
  const { dice, checks } = scene;
  const { kernel, store } = program;
  const seq = dice.pick(scene.applications);
  if ((await store.configuration.applications.get(seq)) === null) return;
  checks.attempts.applicationChanging(seq);
  const throttleRate = rollApplicationRate(dice);
  await changeApplication(kernel, seq, () => ({ throttleRate })).catch(unlessGone);
  checks.attempts.applicationChanged(seq);
}

/** With its endpoints. One application stays. */
export async function deleteApplication(scene: Scene, program: Program): Promise<void> {
  const { dice, checks } = scene;
  const { kernel, store } = program;
  const seq = dice.pick(scene.applications.slice(1));
  const application = seq === undefined ? null : await store.configuration.applications.get(seq);
  if (application === null) return;
  const page = { limit: 100, from: null, backwards: false, order: "ascending" } as const;
  const { rows } = await store.configuration.endpoints.list(application.seq, page);
  for (const endpoint of rows) checks.attempts.endpointChanging(endpoint.seq);
  await deleteApplicationCommand(kernel, application);
  for (const endpoint of rows) checks.attempts.endpointChanged(endpoint.seq);
}

/** Every endpoint that is there takes deliveries again. */
export async function reopenEndpoints(scene: Scene, program: Program): Promise<void> {
  for (const seq of scene.endpoints) {
    const endpoint = await program.store.configuration.endpoints.get(seq);
    if (endpoint === null || endpoint.deleted || !(endpoint.paused || endpoint.disabled)) continue;
    await update(scene, program, endpoint, { paused: false, disabled: false, failingSince: null });
  }
}

/** It was deleted in the meantime. */
function unlessGone(error: unknown): void {
  if (!(error instanceof Problem && error.code === "not_found")) throw error;
}
