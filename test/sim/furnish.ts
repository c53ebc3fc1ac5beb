import { createApplication } from "../../src/commands/applications.ts";
import { createEndpoint, type EndpointSettings } from "../../src/commands/endpoints.ts";
import { ensureEnvironment } from "../../src/commands/environments.ts";
import { createOperationalEndpoint } from "../../src/commands/operational-endpoints.ts";
import type { BatchLimits } from "../../src/core/batch.ts";
import { FUNCTION_URL } from "../../src/core/endpoint-url/function.ts";
import { WEBSOCKET_URL } from "../../src/core/endpoint-url/websocket.ts";
import { type ExactObject, parseExact } from "../../src/core/exact-json.ts";
import type { Seq } from "../../src/core/id.ts";
import type { Quota } from "../../src/core/quota.ts";
import { generateSecret } from "../../src/core/signature.ts";
import type { KernelSettings } from "../../src/kernel.ts";
import type { Dice } from "./dice.ts";
import { addQueue, createCheckedEventType } from "./events/queues.ts";
import { addSource } from "./events/sources.ts";
import { createVersion } from "./events/versions.ts";
import { CALLED_HOST, rollFunction } from "./functions.ts";
import type { Program } from "./program.ts";
import { BODY_BYTES_MAX, CHANNELS, EVENT_TYPES, HOUR_MS, MINUTE_MS, type Scene } from "./scene.ts";
import { PUBLIC_URL } from "./thin.ts";
import type { World } from "./world.ts";

/** Returns random settings for a world. */
export function rollSettings(dice: Dice): KernelSettings {
  return {
    retryScheduleMs: dice.pick([
      [],
      [5000],
      [5000, 300_000],
      [100, 1000, 10_000, 10 * MINUTE_MS],
      [5000, 5000, 5000, 5000, 5000],
    ]),
    retryJitter: dice.pick([0, 0.2, 1]),
    deliveryTimeoutMs: dice.pick([1000, 5000, 15_000]),
    deliveryConcurrency: dice.pick([1, 4, 16, 64]),
    endpointConcurrency: dice.pick([1, 4, 16]),
    endpointDisableAfterMs: dice.pick([0, 20 * MINUTE_MS, 6 * HOUR_MS]),
    allowSubnets: [],
    maxResponseStoredBytes: 1024,
    maxBodyBytes: BODY_BYTES_MAX,
    signatureHeaders: "webhook",
    userAgent: "Boathook/sim",
    inbox: () => null,
    shutdownTimeoutMs: dice.pick([0, 500, 20_000]),
    backlogThresholdMs: dice.pick([0, 20_000, 120_000]),
    endpointsPerAppMax: 10_000,
    publicUrl: () => PUBLIC_URL,
    tasksMax: 8,
    tasksPerAppMax: 2,
    retentionMs: dice.pick([20 * MINUTE_MS, 2 * HOUR_MS, 24 * HOUR_MS, 240 * HOUR_MS]),
  };
}

/** Creates a few applications with a few endpoints each, and perhaps operational endpoints and a payload version. */
export async function furnish(scene: Scene, program: Program): Promise<void> {
  const { dice } = scene;
  scene.environment = (await ensureEnvironment(program.kernel, "default")).seq;
  scene.hosts.push(CALLED_HOST);
  if (dice.chance(0.6)) await addOperationalEndpoints(scene, program);
  for (let a = 0; a < dice.between(1, 3); a++) {
    const throttleRate = rollApplicationRate(dice);
    const settings = {
      ...{ uid: `app-${a}`, name: `Application ${a}`, metadata: {} },
      ...{ throttleRate, quota: quotaFor(throttleRate) },
    };
    const { seq } = await createApplication(program.kernel, scene.environment, settings);
    scene.applications.push(seq);
    for (let e = 0; e < dice.between(1, 4); e++) await addEndpoint(scene, program, seq);
  }
  if (scene.rates.events.changeVersions > 0 && dice.chance(0.7)) await createVersion(scene, program);
  if (scene.rates.sources === 0) return;
  for (let s = 0; s < dice.between(1, 4); s++) await addSource(scene, program, null);
  if (scene.rates.sourceEvents.publish === 0) return;
  await createCheckedEventType(scene, program, null);
  for (let q = 0; q < dice.between(1, 2); q++) await addQueue(scene, program, null);
}

/**
 * Adds two operational endpoints. One always works and gets every event; the other fails like any
 * endpoint.
 */
async function addOperationalEndpoints(scene: Scene, { kernel }: Program): Promise<void> {
  for (const host of ["steady.example", "operational.example"]) {
    const url = `https://${host}/`;
    const secret = generateSecret(scene.dice.bytes(24));
    scene.checks.signatures.endpointCreated(url, secret);
    await createOperationalEndpoint(kernel, scene.environment, { settings: { url }, secret });
  }
  scene.hosts.push("operational.example");
  scene.checks.operational.begin();
}

export function rollApplicationRate(dice: Dice): number | null {
  return dice.chance(0.3) ? dice.pick([2, 20, 100]) : null;
}

/**
 * Returns a quota that is never used up for applications with a rate, so that what they use is
 * counted.
 */
export function quotaFor(throttleRate: number | null): Quota | null {
  return throttleRate === null ? null : { endpoints: null, messagesPerDay: 1_000_000, storedBytes: 2 ** 40 };
}

export function rollBatch(dice: Dice): BatchLimits {
  return { maxMessages: dice.pick([1, 2, 5, 20]), maxWaitMs: dice.pick([0, 50, 2000, 20_000]) };
}

/** Returns a filter on the payload that `beginSending` makes, or on the event type. */
function rollFilter(dice: Dice): ExactObject {
  const text = dice.pick([
    '{"payload":{"roll":{"$lt":0.6}}}',
    '{"payload":{"n":{"$nin":[1,2,3,5,8,13]},"mark":null}}',
    '{"$or":[{"eventType":{"$regex":"^order"}},{"payload":{"roll":{"$gte":0.5}}}]}',
    '{"payload":{"missing":{"$exists":false}},"eventType":{"$ne":"order.sent"}}',
  ]);
  return parseExact(text) as ExactObject;
}

export async function addEndpoint(scene: Scene, program: Program, applicationSeq: Seq): Promise<void> {
  const { dice, checks, hosts } = scene;
  const host = `e${hosts.length}.example`;
  hosts.push(host);
  const settings: EndpointSettings = {
    ...rollTarget(scene, host),
    eventTypes: dice.chance(0.3) ? [dice.pick(EVENT_TYPES)] : null,
    channels: dice.chance(0.2) ? [dice.pick(CHANNELS)] : null,
    throttleRate: dice.chance(0.25) ? dice.pick([1, 5, 50]) : null,
    concurrency: dice.chance(0.3) ? dice.pick([1, 2, 8]) : null,
    ordering: dice.chance(0.45) ? "fifo" : "parallel",
    timeoutMs: dice.chance(0.2) ? dice.pick([500, 30_000]) : null,
    retryScheduleMs: dice.chance(0.2) ? dice.pick([[], [0, 0, 1000], [MINUTE_MS, 20 * MINUTE_MS]]) : null,
    filter: dice.chance(0.25) ? rollFilter(dice) : null,
  };
  const transformation = { code: "function handler(webhook) { return webhook; }", enabled: true, variables: null };
  const secret = generateSecret(dice.bytes(24));
  if (!hasNoHost(settings)) checks.signatures.endpointCreated(settings.url, secret);
  const all = dice.chance(0.25) ? { ...settings, transformation } : settings;
  const { seq } = await createEndpoint(program.kernel, { applicationSeq, settings: all, secret });
  scene.endpoints.push(seq);
  checks.filters.endpointCreated(seq, settings, program.kernel.seqs.last);
}

type Target = Pick<EndpointSettings, "url" | "batch" | "payloadMode" | "function">;

function rollHttpTarget(dice: Dice, host: string): Target {
  return {
    url: `https://${host}/hook`,
    batch: dice.chance(0.3) ? rollBatch(dice) : null,
    payloadMode: dice.chance(0.25) ? "reference" : "full",
  };
}

function rollTarget({ dice, rates }: Scene, host: string): Target {
  const roll = dice.next();
  if (roll < 0.2) return rollFunctionTarget(dice, host);
  if (roll > 0.85 && rates.events.connectConsumer > 0) {
    return { url: WEBSOCKET_URL, batch: dice.chance(0.3) ? rollBatch(dice) : null };
  }
  return rollHttpTarget(dice, host);
}

/** Whether nothing is sent to a host of the endpoint: it is code, or has consumers. */
export function hasNoHost({ url }: Pick<EndpointSettings, "url">): boolean {
  return url === FUNCTION_URL || url === WEBSOCKET_URL;
}

function rollFunctionTarget(dice: Dice, host: string): Target {
  return { url: FUNCTION_URL, function: { code: rollFunction(dice, host), secrets: {} } };
}

/** Adds endpoints to the scene that were stored although their caller got no response. */
export async function adoptEndpoints({ endpoints, applications, checks, program }: World): Promise<void> {
  const sources = [...checks.sources.sources, ...checks.sources.queues.sources];
  const ofSources = sources.map(({ applicationSeq }) => applicationSeq);
  for (const application of [...applications, ...ofSources]) {
    for (const seq of await program.directStore.configuration.endpoints.ever(application)) {
      if (!endpoints.includes(seq)) endpoints.push(seq);
    }
  }
}
