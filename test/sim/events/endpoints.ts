import { rotateSecret as rotateCommand } from "../../../src/commands/endpoint-secrets.ts";
import * as commands from "../../../src/commands/endpoints.ts";
import { FUNCTION_URL } from "../../../src/core/endpoint-url/function.ts";
import type { Seq } from "../../../src/core/id.ts";
import { generateSecret } from "../../../src/core/signature.ts";
import { type Endpoint, type KnownEndpoint, StoreUnavailable } from "../../../src/store/index.ts";
import { addEndpoint, hasNoHost, rollBatch } from "../furnish.ts";
import type { Program } from "../program.ts";
import { CHANNELS, EVENT_TYPES, type Event, HOUR_MS, type Scene } from "../scene.ts";
import type { Target } from "../watch/in-flight.ts";
import { redrive } from "./history.ts";
import { unless, unlessGone } from "./problems.ts";

const ENDPOINTS_MAX = 12;

/** Returns the targeted endpoint, or a random one; null if it has been deleted. */
async function pickEndpoint(
  { dice, endpoints }: Scene,
  { store }: Program,
  target: Target | null,
): Promise<KnownEndpoint | null> {
  const endpoint = await store.configuration.endpoints.get(target?.endpointSeq ?? dice.pick(endpoints));
  return endpoint === null || endpoint.deleted ? null : endpoint;
}

function isFunction({ url }: Pick<Endpoint, "url">): boolean {
  return url === FUNCTION_URL;
}

export const add: Event = async (scene, program) => {
  const application = scene.dice.pick(scene.applications);
  if (scene.endpoints.length >= ENDPOINTS_MAX) return;
  if ((await program.store.configuration.applications.get(application)) === null) return;
  await addEndpoint(scene, program, application);
};

/** Deletes an endpoint, but keeps at least half of all endpoints. */
export const remove: Event = async (scene, program, target) => {
  const endpoint = await pickEndpoint(scene, program, target);
  if (endpoint === null || !scene.endpoints.includes(endpoint.seq)) return;
  const left = await Promise.all(scene.endpoints.map((seq) => program.directStore.configuration.endpoints.get(seq)));
  if (left.filter((one) => one !== null && !one.deleted).length <= scene.endpoints.length / 2) return;
  const { attempts, filters } = scene.checks;
  filters.changing(endpoint.seq);
  await attempts.whileChanging([endpoint.seq], () => commands.deleteEndpoint(program.kernel, endpoint));
};

/** Makes the customer's server respond with 410 from now on. */
export const goAway: Event = async (scene, program, target) => {
  const endpoint = await pickEndpoint(scene, program, target);
  if (endpoint === null || !scene.endpoints.includes(endpoint.seq) || hasNoHost(endpoint)) return;
  const { network, hosts } = scene;
  if (hosts.filter((host) => network.moodOf(host) === "gone").length > hosts.length / 2) return;
  network.changeMood(new URL(endpoint.url).hostname, "gone");
  soon(scene, "reorder", endpoint.seq);
};

export const rotateSecret: Event = async (scene, program, target) => {
  const endpoint = await pickEndpoint(scene, program, target);
  // Signatures are checked by the hosts of requests.
  if (endpoint === null || hasNoHost(endpoint)) return;
  const { dice, checks } = scene;
  const secret = generateSecret(dice.bytes(24));
  const graceMs = dice.pick([dice.below(50), 1000 + dice.below(10_000), dice.below(24 * HOUR_MS)]);
  const rotation = checks.signatures.rotationBegins(endpoint, secret, program.clock.now() + graceMs);
  if (rotation === null) return;
  try {
    await rotateCommand(program.kernel, endpoint, { secret, graceMs });
    rotation.ends(true);
  } catch (error) {
    rotation.ends(false);
    if (!(error instanceof StoreUnavailable)) unless(error, "limit_reached");
  }
};

/** Pauses an endpoint, often only for a moment, or resumes a paused one. */
export const pause: Event = async (scene, program, target) => {
  const endpoint = await pickEndpoint(scene, program, target);
  if (endpoint === null) return;
  await update(scene, program, endpoint.seq, { paused: !endpoint.paused });
  if (!endpoint.paused) soon(scene, "pause", endpoint.seq);
};

/**
 * Disables an endpoint, often only for a moment, or enables a disabled one and perhaps redrives its
 * dead letters.
 */
export const disable: Event = async (scene, program, target) => {
  const endpoint = await pickEndpoint(scene, program, target);
  if (endpoint === null) return;
  await update(scene, program, endpoint.seq, { disabled: !endpoint.disabled });
  soon(scene, endpoint.disabled ? "redrive" : "disable", endpoint.seq);
};

/** Disables an endpoint for a moment, and redrives the deliveries that were buried. */
export const flap: Event = async (scene, program, target) => {
  const endpoint = await pickEndpoint(scene, program, target);
  if (endpoint === null) return;
  const { dice, clock } = scene;
  const { seq } = endpoint;
  await update(scene, program, seq, { disabled: true });
  await new Promise<void>((resolve) => clock.at(dice.below(dice.pick([1, 3, 20])), resolve));
  if (!program.isAlive) return;
  await update(scene, program, seq, { disabled: false });
  await redrive(scene, program, { endpointSeq: seq, messageSeq: null });
};

function soon({ dice, later }: Scene, name: "pause" | "disable" | "redrive" | "reorder", endpointSeq: Seq): void {
  if (dice.chance(0.7))
    later(dice.below(dice.pick([2, 10, 50, 1000, 10_000])), name, { endpointSeq, messageSeq: null });
}

export const reorder: Event = async (scene, program, target) => {
  const endpoint = await pickEndpoint(scene, program, target);
  if (endpoint === null) return;
  const ordering = endpoint.ordering === "fifo" ? "parallel" : "fifo";
  await update(scene, program, endpoint.seq, { ordering });
};

/** Changes which messages an endpoint gets. */
export const resubscribe: Event = async (scene, program, target) => {
  const endpoint = await pickEndpoint(scene, program, target);
  if (endpoint === null) return;
  const { dice } = scene;
  const change = dice.pick<Partial<Endpoint>>([
    { eventTypes: dice.chance(0.5) ? [dice.pick(EVENT_TYPES)] : null },
    { channels: dice.chance(0.5) ? [dice.pick(CHANNELS)] : null },
  ]);
  await update(scene, program, endpoint.seq, change);
};

/** Changes the rate, concurrency, timeout, schedule or batches of an endpoint. */
export const retune: Event = async (scene, program, target) => {
  const endpoint = await pickEndpoint(scene, program, target);
  if (endpoint === null) return;
  const { dice } = scene;
  const change = dice.pick<Partial<Endpoint>>([
    { throttleRate: dice.pick([null, 1, 20]) },
    { concurrency: dice.pick([null, 1, 8]) },
    { retryScheduleMs: dice.pick([null, [], [0, 0], [1000, 60_000]]) },
    { timeoutMs: dice.pick([null, 200, 20_000]) },
    { batch: dice.chance(0.6) && !isFunction(endpoint) ? rollBatch(dice) : null },
  ]);
  await update(scene, program, endpoint.seq, change);
};

async function update({ checks }: Scene, program: Program, seq: Seq, change: Partial<Endpoint>): Promise<void> {
  if (change.retryScheduleMs !== undefined) checks.ending.mayBeRescheduled(seq);
  checks.filters.changing(seq);
  await checks.attempts.whileChanging([seq], () =>
    commands.changeEndpoint(program.kernel, seq, () => change).catch(unlessGone),
  );
}

/** Resumes and enables all endpoints that are paused or disabled. */
export async function reopenAll(scene: Scene, program: Program): Promise<void> {
  for (const seq of scene.endpoints) {
    const endpoint = await program.store.configuration.endpoints.get(seq);
    if (endpoint === null || endpoint.deleted || !(endpoint.paused || endpoint.disabled)) continue;
    await update(scene, program, seq, { paused: false, disabled: false, failingSince: null });
  }
}
