import type { Receivers } from "./receivers.ts";

/** What the demo sets up: three customers with endpoints, event types, a source, and their traffic. */

/** Sends a request to the API with the root token. Throws if the response is not 2xx. */
export type Call = (method: string, path: string, body?: unknown) => Promise<unknown>;

const EVENT_TYPES = [
  ["invoice.paid", "A customer has paid an invoice", "billing"],
  ["invoice.overdue", "An invoice is past its due date", "billing"],
  ["order.shipped", "A parcel has left the warehouse", "shop"],
  ["user.created", "Somebody has signed up", "accounts"],
] as const;

export const CUSTOMERS = ["acme", "globex", "initech"] as const;
const NAMES = { acme: "Acme Corporation", globex: "Globex", initech: "Initech" } as const;

/** The uid of the endpoint with a transformation. */
const TRANSFORMED = "warehouse";
const CODE = `function handler(webhook) {
  // The warehouse wants to know only what it has to pack.
  const { number, lines } = webhook.payload;
  webhook.payload = { order: number, lines };
  webhook.headers["X-Team"] = "warehouse";
  return webhook;
}
`;

/** The endpoints of each customer: path of the receiver and settings. */
const ENDPOINTS: Readonly<Record<(typeof CUSTOMERS)[number], readonly (readonly [string, object])[]>> = {
  acme: [
    ["/ok", { description: "Billing", eventTypes: ["invoice.paid", "invoice.overdue"] }],
    ["/recovers", { uid: TRANSFORMED, description: "Warehouse", retrySchedule: ["2s", "10s", "30s", "1m"] }],
  ],
  globex: [
    ["/broken", { description: "CRM", retrySchedule: ["1s", "3s"] }],
    ["/slow", { description: "Data lake", concurrency: 2 }],
  ],
  initech: [
    ["/ok", { description: "TPS reports", throttleRate: 5 }],
    ["/hangs", { description: "Legacy", timeoutMs: 2_000, retrySchedule: ["2s"], eventTypes: ["user.created"] }],
  ],
};

const SCHEMA = {
  type: "object",
  required: ["number", "customer"],
  properties: {
    number: { type: "integer", minimum: 1 },
    customer: { type: "string" },
    lines: { type: "array", items: { type: "object", properties: { sku: { type: "string" } } } },
  },
};

/** What the demo has set up. */
export interface Demo {
  /** The URL at which the source receives. */
  readonly ingestUrl: string;
}

export async function setUp(call: Call, receivers: Receivers): Promise<Demo> {
  for (const [name, description, groupName] of EVENT_TYPES) {
    await call("POST", "/api/v1/event-type", { name, description, groupName, schemas: { 1: SCHEMA } });
  }
  for (const uid of CUSTOMERS) {
    await call("POST", "/api/v1/app", { uid, name: NAMES[uid], metadata: { plan: uid === "acme" ? "pro" : "free" } });
    for (const [path, settings] of ENDPOINTS[uid]) {
      await call("POST", `/api/v1/app/${uid}/endpoint`, { url: receivers.url(path), ...settings });
    }
  }
  await call("PATCH", `/api/v1/app/acme/endpoint/${TRANSFORMED}/transformation`, { code: CODE, enabled: true });
  const source = { name: "Payments", uid: "payments", type: "generic-webhook" };
  const { ingestUrl } = (await call("POST", "/ingest/api/v1/source", source)) as Demo;
  await call("POST", "/ingest/api/v1/source/payments/endpoint", { url: receivers.url("/ok"), description: "Ledger" });
  return { ingestUrl };
}

/** Sends a webhook of another service to the source of the demo. */
export async function receiveOne({ ingestUrl }: Demo, index: number): Promise<void> {
  const body = JSON.stringify({ type: "charge.succeeded", charge: 5000 + index, amount: "12.00" });
  await fetch(ingestUrl, { method: "POST", headers: { "content-type": "application/json" }, body });
}

interface Listed {
  readonly data: readonly { readonly id: string; readonly url?: string }[];
}

const FIRST_MS_MAX = 60_000;

/** Waits until a list has an entry. */
async function firstOf(call: Call, path: string): Promise<Listed["data"][number]> {
  for (const deadline = Date.now() + FIRST_MS_MAX; Date.now() < deadline; await Bun.sleep(200)) {
    const [first] = ((await call("GET", path)) as Listed).data;
    if (first !== undefined) return first;
  }
  throw new Error(`${path} has stayed empty.`);
}

/** Returns the addresses of the pages of which screenshots are taken. Starts a task, which one of them shows. */
export async function pagesOf(call: Call): Promise<Readonly<Record<string, string>>> {
  const endpoints = (await call("GET", "/api/v1/app/acme/endpoint")) as Listed;
  const endpoint = endpoints.data.find(({ url }) => url?.endsWith("/recovers"))!;
  const ledger = (await call("GET", "/ingest/api/v1/source/payments/endpoint")) as Listed;
  const message = await firstOf(call, "/api/v1/message?app_id=globex&state=dead&limit=1");
  await call("POST", "/api/v1/dead-letter/redrive", { filter: { appId: "globex" }, rate: 10 });
  return {
    overview: "",
    customers: "app",
    customer: "app/acme",
    endpoints: "endpoint",
    endpoint: `app/acme/endpoint/${endpoint.id}`,
    transformation: `app/acme/endpoint/${endpoint.id}?tab=transformation`,
    messages: "msg",
    message: `app/globex/msg/${message.id}`,
    "dead-letters": "dead-letter",
    send: "send?app=acme&type=invoice.paid",
    "event-types": "event-type",
    sources: "source",
    source: "source/payments",
    "source-endpoint": `source/payments/endpoint/${ledger.data[0]!.id}`,
    tasks: "task",
    system: "system",
  };
}

/** Sends the `index`th message of the demo. */
export async function sendOne(call: Call, index: number): Promise<void> {
  const [eventType] = EVENT_TYPES[index % EVENT_TYPES.length]!;
  const customer = CUSTOMERS[Math.floor(index / EVENT_TYPES.length) % CUSTOMERS.length]!;
  await call("POST", `/api/v1/app/${customer}/msg`, {
    eventType,
    eventId: `demo-${index}`,
    channels: index % 3 === 0 ? ["eu"] : null,
    payload: {
      id: 9_007_199_254_740_993n.toString(),
      number: 1000 + index,
      customer,
      lines: [{ sku: "hook", count: 2 }],
    },
  });
}
