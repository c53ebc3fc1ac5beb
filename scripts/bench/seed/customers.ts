import { plainApplication } from "../../../src/core/resources/application.ts";
import { plainEndpoint } from "../../../src/core/resources/endpoint.ts";
import { plainEventType } from "../../../src/core/resources/event-type.ts";
import { plainSource } from "../../../src/core/resources/source.ts";
import { doorTokenBytes, doorTokenText, tokenHash } from "../../../src/core/token.ts";
import type { Endpoint, Source } from "../../../src/store/index.ts";
import type { SeedParts } from "./parts.ts";

/** What happens to the endpoint's deliveries. `gone`: it responded with 410 and was disabled. */
export type Fate = "healthy" | "failing" | "paused" | "disabled" | "gone";

/** The condition of an endpoint begins when this share of the period has passed. */
export interface SeedEndpoint extends Pick<Endpoint, "seq" | "url" | "eventTypes" | "channels"> {
  readonly fate: Fate;
  readonly since: number;
}

export interface Customer {
  readonly seq: number;
  readonly environmentSeq: number;
  readonly endpoints: readonly SeedEndpoint[];
  /** Share of the messages, in relation to the other customers. */
  readonly weight: number;
  /** The source that the customer's messages come from; null for ordinary applications. */
  readonly source: Source | null;
}

const CUSTOMERS = 40;
const ENDPOINTS = 200;
const SOURCES = 5;
const EVENT_TYPES = 30;
const SECRET = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";

export const EVENT_TYPE_NAMES = Array.from({ length: EVENT_TYPES }, (_, i) => {
  const subjects = ["invoice", "order", "payment", "user", "shipment", "subscription"];
  const verbs = ["created", "changed", "paid", "failed", "deleted"];
  return `${subjects[i % 6]}.${verbs[Math.floor(i / 6)]}`;
});
export const CHANNELS = ["eu", "us", "apac", "project-1", "project-2"] as const;
export const TAGS = ["vip", "trial", "migrated", "internal"] as const;

const NAMES = ["Acme", "Globex", "Initech", "Umbrella", "Hooli", "Stark", "Wayne", "Wonka", "Tyrell", "Ärzte & Söhne"];

/** Creates the customers with their endpoints, the largest first, and the sources. */
export async function createCustomers(parts: SeedParts): Promise<readonly Customer[]> {
  const { store, clock } = parts;
  const { environments } = store.configuration;
  const ensure = (name: string) =>
    environments.ensure({ seq: parts.store.numbers.next(), name, createdAt: clock.now() });
  const main = await ensure("default");
  const quiet = await ensure("staging");
  await createEventTypes(parts, main.seq);
  const customers: Customer[] = [];
  let left = ENDPOINTS - SOURCES - CUSTOMERS;
  for (let rank = 0; rank < CUSTOMERS; rank++) {
    const more = rank === CUSTOMERS - 1 ? left : Math.min(left, Math.round(48 / (rank + 1)));
    left -= more;
    const name = `${NAMES[rank % NAMES.length]} ${["", "Europe", "Labs", "Retail"][Math.floor(rank / NAMES.length)]}`;
    customers.push(await createCustomer(parts, main.seq, { name: name.trim(), rank, endpoints: 1 + more }));
  }
  for (let i = 0; i < SOURCES; i++) customers.push(await createSource(parts, main.seq, i));
  const few = await createCustomer(parts, quiet.seq, { name: "Staging", rank: CUSTOMERS, endpoints: 1 });
  return [...customers, { ...few, weight: 0.0005 }];
}

async function createEventTypes({ store, clock }: SeedParts, environmentSeq: number): Promise<void> {
  for (const [i, name] of EVENT_TYPE_NAMES.entries()) {
    const schema = { type: "object", required: ["id"], properties: { id: { type: "string" }, amount: {} } };
    const now = clock.now();
    await store.configuration.eventTypes.create({
      ...plainEventType,
      seq: store.numbers.next(),
      environmentSeq,
      name,
      description: `Sent when ${name.replace(".", " is ")}.`,
      schemas: i % 3 === 0 ? { "1": schema } : null,
      groupName: name.split(".")[0]!,
      createdAt: now,
      updatedAt: now,
    });
  }
}

interface Size {
  readonly name: string;
  readonly rank: number;
  readonly endpoints: number;
}

async function createCustomer(parts: SeedParts, environmentSeq: number, size: Size): Promise<Customer> {
  const { store, clock } = parts;
  const seq = store.numbers.next();
  await store.configuration.applications.create({
    ...plainApplication({ seq, environmentSeq, name: size.name, now: clock.now() }),
    uid: `customer-${size.rank}`,
    metadata: { plan: ["free", "team", "enterprise"][size.rank % 3]! },
  });
  const endpoints: SeedEndpoint[] = [];
  for (let i = 0; i < size.endpoints; i++) endpoints.push(await createEndpoint(parts, seq, size, i));
  return { seq, environmentSeq, endpoints, weight: 1 / (size.rank + 1), source: null };
}

/** The first endpoint of a customer receives everything. The others receive two event types. */
async function createEndpoint(parts: SeedParts, applicationSeq: number, size: Size, index: number) {
  const { store, clock, random } = parts;
  const isFirst = index === 0;
  const url = `https://hooks-${index}.customer-${size.rank}.invalid/webhooks/${EVENT_TYPE_NAMES[index % EVENT_TYPES]}`;
  const endpoint: Endpoint = {
    ...plainEndpoint({ seq: store.numbers.next(), applicationSeq, url, now: clock.now() }),
    uid: `ep-${size.rank}-${index}`,
    description: isFirst ? "Everything" : `Service ${index}`,
    eventTypes: isFirst ? null : [EVENT_TYPE_NAMES[index % EVENT_TYPES]!, random.pick(EVENT_TYPE_NAMES)].filter(isNew),
    channels: index % 10 === 4 ? [CHANNELS[0], CHANNELS[1]] : null,
  };
  await store.configuration.endpoints.create(endpoint, SECRET);
  return seedEndpoint(endpoint, fateOf(size.rank + index), 0.5 + random.next() / 2.1);
}

function seedEndpoint({ seq, url, eventTypes, channels }: Endpoint, fate: Fate, since: number): SeedEndpoint {
  return { seq, url, eventTypes, channels, fate, since };
}

/** One endpoint in four is not healthy. */
function fateOf(n: number): Fate {
  const fates: Readonly<Record<number, Fate>> = {
    3: "failing",
    7: "paused",
    11: "disabled",
    15: "failing",
    19: "gone",
  };
  return fates[n % 20] ?? "healthy";
}

function isNew(value: string, index: number, all: readonly string[]): boolean {
  return all.indexOf(value) === index;
}

async function createSource({ store, clock, random }: SeedParts, environmentSeq: number, i: number): Promise<Customer> {
  const { numbers, configuration } = store;
  const [seq, applicationSeq, now] = [numbers.next(), numbers.next(), clock.now()];
  const name = `Provider ${i}`;
  const type = { type: "generic-hmac", provider: "generic-hmac" };
  const plain = plainSource({ seq, environmentSeq, applicationSeq, name, ...type, now });
  const config = { secret: "secret", header: "x-signature" };
  const source = { ...plain, uid: `source-${i}`, config, verification: "record" as const };
  const application = plainApplication({ seq: applicationSeq, environmentSeq, name, now });
  const text = doorTokenText(random.bytes(doorTokenBytes));
  await configuration.sources.create(source, application, { text, sha256: tokenHash(text) });
  const url = `https://receiver.source-${i}.invalid/`;
  const endpoint = plainEndpoint({ seq: numbers.next(), applicationSeq, url, now });
  await configuration.endpoints.create(endpoint, SECRET);
  const endpoints = [seedEndpoint(endpoint, "healthy", 1)];
  return { seq: applicationSeq, environmentSeq, endpoints, weight: 0.1, source };
}
