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

/** The endpoints of each customer: path of the receiver and settings. */
const ENDPOINTS: Readonly<Record<(typeof CUSTOMERS)[number], readonly (readonly [string, object])[]>> = {
  acme: [
    ["/ok", { description: "Billing", eventTypes: ["invoice.paid", "invoice.overdue"] }],
    ["/recovers", { description: "Warehouse", retrySchedule: ["2s", "10s", "30s", "1m"] }],
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

export async function setUp(call: Call, receivers: Receivers): Promise<void> {
  for (const [name, description, groupName] of EVENT_TYPES) {
    await call("POST", "/api/v1/event-type", { name, description, groupName });
  }
  for (const uid of CUSTOMERS) {
    await call("POST", "/api/v1/app", { uid, name: NAMES[uid], metadata: { plan: uid === "acme" ? "pro" : "free" } });
    for (const [path, settings] of ENDPOINTS[uid]) {
      await call("POST", `/api/v1/app/${uid}/endpoint`, { url: receivers.url(path), ...settings });
    }
  }
  await call("POST", "/ingest/api/v1/source", { name: "Stripe", uid: "stripe", type: "generic-webhook" });
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
