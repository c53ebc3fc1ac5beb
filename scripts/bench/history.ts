import type { Seq, SeqSource } from "../../src/core/id.ts";
import { plainApplication } from "../../src/core/resources/application.ts";
import { plainEndpoint } from "../../src/core/resources/endpoint.ts";
import { systemClock } from "../../src/edge/clock.ts";
import type { NewMessage, Settlement, Store } from "../../src/store/index.ts";

/**
 * The history of an application that has been busy for a long time, with common and rare values of
 * every kind.
 */
export interface History {
  readonly applicationSeq: Seq;
  /** Receives every message; one attempt in 50 fails. */
  readonly busy: Seq;
  /** Receives one message in 1,000. */
  readonly quiet: Seq;
  /** Receives one message in 10; nearly all of its attempts fail. */
  readonly down: Seq;
}

const ENVIRONMENT = "default";
export const HISTORY_APPLICATION = "history";
const BATCH = 1000;
const COMMON_TYPES = 10;
/** One message in this many has rare values. */
const RARE = 5000;
/** Number of oldest messages, which have values that no later message has. */
const OLDEST = 60;

/** Values that the lists can be filtered by. */
export const seen = {
  commonType: "order.changed-3",
  rareType: "order.lost",
  oldestType: "order.migrated",
  unknownType: "order.never",
  commonChannel: "project-1",
  rareChannel: "project-rare",
  commonTag: "vip",
  rareTag: "audit",
} as const;

/**
 * Writes `attempts` attempts of the busy endpoint, with their messages and the deliveries of the
 * other endpoints, through the store's own methods.
 */
export async function writeHistory(store: Store, attempts: number): Promise<History> {
  const seqs = store.numbers;
  const history = await createApplication(store, seqs);
  let open: NewMessage[] = [];
  for (let n = 0; n < attempts; n += BATCH) {
    const messages = Array.from({ length: Math.min(BATCH, attempts - n) }, (_, i) => message(n + i, history, seqs));
    const settlements = open.flatMap((one) => one.deliveries.map((delivery) => settle(one, delivery, history, seqs)));
    // Each batch is settled while the next one is accepted, as on a server under load.
    await Promise.all([store.queue.accept(messages), store.queue.settle(settlements)]);
    open = messages;
  }
  await store.queue.settle(
    open.flatMap((one) => one.deliveries.map((delivery) => settle(one, delivery, history, seqs))),
  );
  return history;
}

async function createApplication(store: Store, seqs: SeqSource): Promise<History> {
  const now = systemClock.now();
  const environment = await store.configuration.environments.ensure({
    seq: seqs.next(),
    name: ENVIRONMENT,
    createdAt: now,
  });
  const applicationSeq = seqs.next();
  await store.configuration.applications.create({
    ...plainApplication({ seq: applicationSeq, environmentSeq: environment.seq, name: "History", now }),
    uid: HISTORY_APPLICATION,
  });
  const endpoint = async (uid: string): Promise<Seq> => {
    const plain = { seq: seqs.next(), applicationSeq, url: "https://hook.example/", now };
    const made = { ...plainEndpoint(plain), uid };
    await store.configuration.endpoints.create(made, "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0");
    return made.seq;
  };
  return {
    applicationSeq,
    busy: await endpoint("busy"),
    quiet: await endpoint("quiet"),
    down: await endpoint("down"),
  };
}

const payload = new Uint8Array(Buffer.from(JSON.stringify({ amount: 1200, note: "x".repeat(200) })));

function message(n: number, { applicationSeq, busy, quiet, down }: History, seqs: SeqSource): NewMessage {
  const endpoints = [busy, ...(n % 1000 === 7 ? [quiet] : []), ...(n % 10 === 3 ? [down] : [])];
  const seq = seqs.take(1 + endpoints.length);
  return {
    seq,
    applicationSeq,
    eventType: typeOf(n),
    eventId: null,
    channels: n % RARE === 1 ? [seen.rareChannel, seen.commonChannel] : n % 8 === 0 ? [seen.commonChannel] : null,
    tags: n % RARE === 2 ? [seen.rareTag, seen.commonTag] : n % 8 === 4 ? [seen.commonTag] : null,
    payload,
    contentType: null,
    headers: null,
    acceptedAt: systemClock.now(),
    payloadExpiresAt: null,
    deliverAt: null,
    warnings: null,
    received: null,
    deliveries: endpoints.map((endpointSeq, i) => ({ seq: seq + 1 + i, endpointSeq })),
    idempotency: null,
  };
}

function typeOf(n: number): string {
  if (n < OLDEST) return seen.oldestType;
  return n % RARE === 0 ? seen.rareType : `order.changed-${n % COMMON_TYPES}`;
}

function settle(
  about: NewMessage,
  delivery: NewMessage["deliveries"][number],
  { down }: History,
  seqs: SeqSource,
): Settlement {
  const seq = seqs.next();
  const n = about.seq + delivery.endpointSeq;
  const isDown = delivery.endpointSeq === down;
  const fails = isDown ? n % 2000 !== 0 : n % 50 === 0;
  const status = !fails ? 200 : n % 4000 === 0 ? 400 : n % 4000 === 50 ? 0 : 500;
  const reason = !fails ? null : status === 400 ? "status_4xx" : status === 0 ? "timeout" : "status_5xx";
  return {
    attempt: {
      seq,
      deliverySeq: delivery.seq,
      messageSeq: about.seq,
      endpointSeq: delivery.endpointSeq,
      url: "https://hook.example/",
      reason,
      responseStatus: status,
      response: payload.subarray(0, 20),
      note: null,
      durationMs: 12,
      trigger: "schedule",
      startedAt: about.acceptedAt,
      nextAttemptAt: null,
      batchSeq: null,
    },
    message: about,
    round: 0,
    next: reason === null ? { state: "delivered" } : { state: "dead", reason },
    settledAt: about.acceptedAt,
    disableEndpoint: false,
    disableAfterMs: 0,
  };
}
