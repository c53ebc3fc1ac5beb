import type { Seq } from "../../src/core/id.ts";
import { plainApplication } from "../../src/core/resources/application.ts";
import { plainEndpoint } from "../../src/core/resources/endpoint.ts";
import { generateSecret } from "../../src/core/signature.ts";
import type { KernelSettings } from "../../src/kernel.ts";
import type { Endpoint } from "../../src/store/index.ts";
import type { Dice } from "./dice.ts";
import type { Program } from "./program.ts";
import { CHANNELS, EVENT_TYPES, HOUR_MS, type Scene } from "./scene.ts";

/** The settings of a world. */
export function rollPolicy(dice: Dice): KernelSettings {
  return {
    retryScheduleMs: dice.pick([
      [],
      [5000],
      [5000, 300_000],
      [100, 1000, 10_000, HOUR_MS],
      [5000, 5000, 5000, 5000, 5000],
    ]),
    retryJitter: dice.pick([0, 0.2, 1]),
    deliveryTimeoutMs: dice.pick([1000, 5000, 15_000]),
    deliveryConcurrency: dice.pick([1, 4, 16, 64]),
    endpointConcurrency: dice.pick([1, 4, 16]),
    endpointDisableAfterMs: dice.pick([0, 6 * HOUR_MS, 120 * HOUR_MS]),
    allowSubnets: [],
    maxResponseStoredBytes: 1024,
    maxBodyBytes: 2 * 1024 * 1024,
    signatureHeaders: "webhook",
    userAgent: "Boathook/sim",
    inbox: () => null,
    shutdownTimeoutMs: 20_000,
    backlogThresholdMs: 0,
    retentionMs: 0,
  };
}

/** Makes a few applications with a few endpoints each. */
export async function furnish(scene: Scene, program: Program): Promise<void> {
  const { dice } = scene;
  const { store, seqs, clock } = program.kernel;
  const environment = { seq: seqs.next(), name: "default", createdAt: clock.now() };
  scene.environment = (await store.configuration.environments.ensure(environment)).seq;
  for (let a = 0; a < dice.between(1, 3); a++) {
    const seq = await addApplication(scene, program, a);
    for (let e = 0; e < dice.between(1, 4); e++) await addEndpoint(scene, program, seq, `e${e}.a${a}.example`);
  }
}

async function addApplication(scene: Scene, { kernel: { store, seqs, clock } }: Program, number: number): Promise<Seq> {
  const seq = seqs.next();
  await store.configuration.applications.create({
    ...plainApplication({ seq, environmentSeq: scene.environment, name: `Application ${number}`, now: clock.now() }),
    uid: `app-${number}`,
    throttleRate: rollApplicationRate(scene.dice),
  });
  scene.applications.push(seq);
  return seq;
}

export function rollApplicationRate(dice: Dice): number | null {
  return dice.chance(0.3) ? dice.pick([2, 20, 100]) : null;
}

async function addEndpoint(scene: Scene, program: Program, applicationSeq: Seq, host: string): Promise<void> {
  const { dice, checks } = scene;
  const { store, seqs, clock } = program.kernel;
  const endpoint: Endpoint = {
    ...plainEndpoint({ seq: seqs.next(), applicationSeq, url: `https://${host}/hook`, now: clock.now() }),
    eventTypes: dice.chance(0.3) ? [dice.pick(EVENT_TYPES)] : null,
    channels: dice.chance(0.2) ? [dice.pick(CHANNELS)] : null,
    throttleRate: dice.chance(0.25) ? dice.pick([1, 5, 50]) : null,
    concurrency: dice.chance(0.3) ? dice.pick([1, 2, 8]) : null,
    ordering: dice.chance(0.35) ? "fifo" : "parallel",
    timeoutMs: dice.chance(0.2) ? dice.pick([500, 30_000]) : null,
    retryScheduleMs: dice.chance(0.2) ? dice.pick([[], [0, 0, 1000], [60_000, HOUR_MS]]) : null,
  };
  const secret = generateSecret(dice.bytes(24));
  checks.signatures.endpointMade(endpoint, secret);
  await store.configuration.endpoints.create(endpoint, secret);
  scene.endpoints.push(endpoint.seq);
  scene.hosts.push(host);
}
