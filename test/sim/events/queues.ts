import { createEventType } from "../../../src/commands/event-types.ts";
import {
  changeSource as changeSourceCommand,
  createSource,
  deleteSource as deleteSourceCommand,
  type SourcePatch,
} from "../../../src/commands/sources.ts";
import { brokerTypes } from "../../../src/core/broker.ts";
import { plainEventType } from "../../../src/core/resources/event-type.ts";
import { addEndpoint } from "../furnish.ts";
import type { Program } from "../program.ts";
import type { Poison, Publication } from "../queues/queue.ts";
import { QueueSource } from "../queues/queue-source.ts";
import { BODY_BYTES_MAX, type Event, type Scene } from "../scene.ts";
import { unless } from "./problems.ts";

const SOURCES_MAX = 3;
/** The event type whose schema refuses some messages. */
const CHECKED_EVENT_TYPE = "queue.checked";
/** Number of the latest messages of a queue that its publisher may send again. */
const SENT_AGAIN = 5;

/** Creates the event type whose schema some messages of queues violate. */
export const createCheckedEventType: Event = async ({ environment: environmentSeq }, { kernel }) => {
  const schemas = { "1": { type: "object", required: ["checked"] } };
  const settings = { ...plainEventType, description: "Checked", schemas, validation: "reject" as const };
  await createEventType(kernel, { environmentSeq, name: CHECKED_EVENT_TYPE }, settings);
};

/** Creates a source that takes from a queue of its own, with an endpoint. */
export const addQueue: Event = async (scene, program) => {
  const { dice, checks, clock, brokers, environment } = scene;
  const { queues } = checks.sources;
  if (scene.rates.sourceEvents.publish === 0 || queues.sources.length >= SOURCES_MAX) return;
  const type = dice.pick(brokerTypes);
  const config = { url: brokers.create(type), prefetch: dice.pick([1, 3, 10, 100]) };
  const windowSeconds = dice.pick([30, 600, 86_400]);
  const source = await createSource(program.kernel, environment, {
    ...{ type, name: type, uid: checks.sources.newUid(), config },
    deduplicate: { by: "delivery-id", windowSeconds },
    ingestRate: dice.chance(0.2) ? dice.pick([1, 10]) : null,
  });
  if (!program.isAlive) return;
  const record = new QueueSource(source, clock.now);
  queues.sources.push(record);
  checks.sources.counts.add(record);
  await addEndpoint(scene, program, source.applicationSeq);
};

/** Returns a random live source, often the one that has received messages last. */
function pickQueue({ dice, checks }: Scene): QueueSource | null {
  const { latest, sources } = checks.sources.queues;
  if (latest?.state === "live" && dice.chance(0.6)) return latest;
  return dice.pick(sources.filter(({ state }) => state === "live")) ?? null;
}

/** Puts messages into a queue. Some are poison, and some were sent before. */
export const publish: Event = async (scene) => {
  const { dice, brokers } = scene;
  const source = pickQueue(scene);
  if (source === null) return;
  const count = dice.chance(0.3) ? dice.between(2, dice.chance(0.1) ? 150 : 30) : 1;
  for (let i = 0; i < count; i++) brokers.queueOf(source.latestUrl).put(rollPublication(scene, source));
};

function rollPublication({ dice, checks }: Scene, source: QueueSource): Publication {
  const { latest } = source;
  if (latest.length > 0 && dice.chance(0.1)) return dice.pick(latest);
  const n = source.published++;
  const poison = dice.chance(0.1) ? dice.pick<Poison>(["large", "schema"]) : null;
  const isChecked = poison === "schema" || dice.chance(0.2);
  const content = { queue: source.seq, n, roll: dice.next(), ...(isChecked && poison === null && { checked: true }) };
  const text = Buffer.from(JSON.stringify(content));
  const publication: Publication = {
    ...{ source, poison, name: `${n} of source ${source.seq}` },
    id: source.type === "amqp" && dice.chance(0.1) ? null : `message-${n}`,
    headers: isChecked ? { "event-type": CHECKED_EVENT_TYPE } : {},
    body: poison === "large" ? Buffer.concat([text, Buffer.alloc(BODY_BYTES_MAX, " ")]) : text,
    ...{ stored: [], logged: 0, mayBeUnlogged: false, received: 0, receivedAt: 0 },
  };
  latest.push(publication);
  if (latest.length > SENT_AGAIN) latest.shift();
  return checks.sources.queues.publish(publication);
}

/** Ends the connection of a source at the broker. */
export const disturbQueue: Event = async (scene) => {
  const source = pickQueue(scene);
  if (source !== null) scene.brokers.disturb(source.latestUrl);
};

/** Changes the queue, the number of messages ahead or the rate of a source, or disables or enables it. */
export const changeQueue: Event = async (scene, program) => {
  const source = pickQueue(scene);
  if (source === null) return;
  const { dice, brokers } = scene;
  const roll = dice.next();
  if (roll < 0.4) await setState(scene, program, source, { disabled: source.disabled.known !== true });
  else if (roll < 0.5) {
    source.urls.push(brokers.create(source.type));
    await setState(scene, program, source, { url: source.latestUrl });
  } else {
    const patch = dice.pick<SourcePatch>([
      { ingestRate: dice.pick([null, 1, 10]) },
      { config: { prefetch: dice.pick([1, 3, 10, 100]) } },
      { metadata: { roll: String(dice.below(10)) } },
    ]);
    await change(scene, program, source, patch);
  }
};

interface State {
  readonly disabled?: boolean;
  readonly url?: string;
}

async function setState(scene: Scene, program: Program, source: QueueSource, { disabled, url }: State): Promise<void> {
  const changes = [
    ...(disabled === undefined ? [] : [source.disabled.change(disabled)]),
    ...(url === undefined ? [] : [source.url.change(url)]),
  ];
  let isDone = false;
  try {
    const patch = { ...(disabled !== undefined && { disabled }), ...(url !== undefined && { config: { url } }) };
    isDone = await change(scene, program, source, patch);
  } finally {
    if (program.isAlive) for (const end of changes) end(isDone);
  }
}

/** Changes a source. Resolves to false if it does not exist anymore. */
async function change({ checks, clock }: Scene, program: Program, source: QueueSource, patch: SourcePatch) {
  checks.sources.queues.changing(source);
  try {
    await changeSourceCommand(program.kernel, source.seq, patch);
  } catch (error) {
    unless(error, "not_found");
    return false;
  }
  if (program.isAlive) source.changedAt = clock.now;
  return true;
}

/** Deletes a source that takes from a queue. */
export const deleteQueue: Event = async (scene, program) => {
  const { checks, clock } = scene;
  const source = pickQueue(scene);
  if (source === null || checks.sources.queues.sources.length < 2) return;
  const endpoints = await program.store.configuration.endpoints.ever(source.applicationSeq);
  source.state = "being deleted";
  checks.sources.queues.changing(source);
  await checks.attempts.whileChanging(endpoints, () => deleteSourceCommand(program.kernel, source));
  if (!program.isAlive) return;
  source.state = "deleted";
  source.changedAt = clock.now;
};

/** Enables all sources that take from queues, and sets their queues, so that they take everything. */
export const openQueues: Event = async (scene, program) => {
  for (const source of scene.checks.sources.queues.sources) {
    const { state, latestUrl: url } = source;
    if (state === "live") await setState(scene, program, source, { disabled: false, url });
  }
};
