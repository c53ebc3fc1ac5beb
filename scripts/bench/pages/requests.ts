import type { Product } from "../product.ts";

/** A request of the admin page. */
export interface PageRequest {
  readonly path: string;
  /** The body of a POST; without one the request is a GET. */
  readonly body?: unknown;
  /** Whether the response is a page of a list that is followed by other pages. */
  readonly isList: boolean;
}

/** Records of the seeded data that requests and pages refer to. */
export interface Found {
  readonly app: string;
  readonly smallApp: string;
  readonly endpoint: string;
  readonly failingEndpoint: string;
  readonly message: string;
  readonly source: string;
  readonly sourceApp: string;
  readonly sourceMessage: string;
  readonly sourceEndpoint: string;
  readonly logEntry: string;
  readonly eventType: string;
  readonly task: string;
}

interface Listed {
  readonly data: readonly { readonly id: string; readonly appId: string }[];
}

const APP = "customer-0";

/** Looks up the records of the seeded data. */
export async function findRecords(server: Product): Promise<Found> {
  const first = async (path: string) => ((await server.call("GET", path, undefined)) as Listed).data[0];
  const source = "/ingest/api/v1/source/source-0";
  const { appId } = (await server.call("GET", source, undefined)) as { readonly appId: string };
  const failing = await first("/endpoint?state=failing&limit=1");
  return {
    app: APP,
    smallApp: "customer-39",
    endpoint: "ep-0-0",
    failingEndpoint: failing?.id ?? "ep-0-0",
    message: (await first(`/app/${APP}/msg?limit=1&with_content=false`))!.id,
    source: "source-0",
    sourceApp: appId,
    sourceMessage: (await first(`/app/${appId}/msg?limit=1&with_content=false`))!.id,
    sourceEndpoint: (await first(`${source}/endpoint?limit=1`))!.id,
    logEntry: (await first(`${source}/log?limit=1`))!.id,
    eventType: "order.changed",
    task: (await first("/background-task?limit=1"))!.id,
  };
}

const sinceDays = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
const daysAgo = (days: number) => encodeURIComponent(sinceDays(days));
const list = (path: string): PageRequest => ({ path, isList: true });
const one = (path: string): PageRequest => ({ path, isList: false });
const post = (path: string, body: unknown): PageRequest => ({ path, body, isList: false });

/** Returns the requests, each filter alone and some together. */
export function requestsOf(found: Found): readonly PageRequest[] {
  return [
    ...installation(found),
    ...customers(found),
    ...endpoints(found),
    ...messages(found),
    ...deadLetters(found),
    ...sources(found),
    ...statistics(found),
  ];
}

function customers({ app, smallApp }: Found): PageRequest[] {
  const of = "/overview/app?order=descending&limit=50";
  return [
    list(of),
    list("/overview/app?limit=250"),
    list(`${of}&search=labs`),
    list(`${of}&search=nowhere`),
    list(`${of}&search=customer-1`),
    list("/app?limit=250"),
    one(`/app/${app}`),
    one(`/app/${smallApp}`),
    list(`/app/${app}/endpoint?limit=250`),
    ...[app, smallApp].flatMap((one) => customer(one)),
  ];
}

/** What the page of one customer reads. */
function customer(app: string): PageRequest[] {
  return [
    one(`/overview/app/${app}`),
    one(`/endpoint?app_id=${app}&state=disabled&state=failing&state=paused&limit=250`),
    one(`/stats/timeseries?app_id=${app}&step=1h&since=${daysAgo(7)}`),
    one(`/dead-letter/summary?app_id=${app}`),
    one(`/message?app_id=${app}&limit=50`),
  ];
}

function endpoints({ app, endpoint }: Found): PageRequest[] {
  const of = `/app/${app}/endpoint/${endpoint}`;
  return [
    list("/endpoint?limit=50"),
    list("/endpoint?limit=250"),
    ...["healthy", "failing", "disabled", "paused"].map((state) => list(`/endpoint?limit=50&state=${state}`)),
    list("/endpoint?limit=50&url=nowhere"),
    list("/endpoint?limit=50&url=customer-3"),
    list(`/endpoint?limit=50&app_id=${app}`),
    list(`/endpoint?limit=50&app_id=${app}&state=failing&url=hooks`),
    list(`/endpoint?limit=50&state=failing&url=payment`),
    one(of),
    one(`${of}/stats`),
    one(`${of}/stats?since=${daysAgo(27)}`),
    one(`${of}/headers`),
    one(`/overview/app/${app}/endpoint/${endpoint}`),
    one(`/dead-letter/summary?app_id=${app}&endpoint_id=${endpoint}`),
    one("/delivery-defaults"),
    ...["recover", "replay-missing"].flatMap((kind) =>
      [1, 13].map((days) => post(`${of}/${kind}`, { since: sinceDays(days), dryRun: true })),
    ),
    list(`${of}/msg?limit=50`),
    ...[0, 1, 2, 3].map((status) => list(`${of}/msg?limit=50&status=${status}`)),
    list(`/app/${app}/attempt/endpoint/${endpoint}?limit=50&with_content=false`),
    list(`/app/${app}/attempt/endpoint/${endpoint}?limit=50&status=2`),
    list(`/app/${app}/attempt/endpoint/${endpoint}?limit=50&status_code_class=400`),
  ];
}

function messages({ app, smallApp, message }: Found): PageRequest[] {
  const of = "/message?limit=50";
  const window = `before=${daysAgo(30)}&after=${daysAgo(31)}`;
  return [
    list(of),
    list("/message?limit=250"),
    ...["pending", "delivered", "dead"].map((state) => list(`${of}&state=${state}`)),
    list(`${of}&channel=project-1`),
    list(`${of}&channel=nowhere`),
    list(`${of}&tag=vip`),
    list(`${of}&tag=nowhere`),
    list(`${of}&event_types=order.changed`),
    list(`${of}&event_types=nowhere`),
    list(`${of}&event_id=evt-77776`),
    list(`${of}&event_id=nowhere`),
    list(`${of}&text=obj_77777`),
    list(`${of}&text=nowhere`),
    list(`${of}&before=${daysAgo(60)}`),
    list(`${of}&${window}`),
    list(`${of}&${window}&state=dead&channel=eu`),
    list(`${of}&state=dead&event_types=order.changed&tag=vip`),
    list(`${of}&state=pending&text=nowhere`),
    list(`${of}&app_id=${app}`),
    list(`${of}&app_id=${smallApp}`),
    list(`${of}&app_id=${smallApp}&state=dead`),
    list(`${of}&app_id=${smallApp}&state=pending`),
    list(`${of}&app_id=${smallApp}&event_types=nowhere`),
    list(`${of}&app_id=${app}&text=nowhere`),
    list(`${of}&app_id=${app}&state=pending`),
    list(`/app/${app}/msg?limit=50&with_content=false`),
    list(`/app/${app}/msg?limit=50&with_content=true`),
    list(`/app/${app}/msg?limit=50&with_content=false&tag=vip&channel=eu`),
    one(`/app/${app}/msg/${message}?with_content=false`),
    one(`/app/${app}/msg/${message}/raw`),
    one(`/app/${app}/msg/${message}/recipients`),
    list(`/app/${app}/msg/${message}/endpoint`),
    list(`/app/${app}/attempt/msg/${message}`),
    post(`/app/${app}/msg/precheck/recipients`, { eventType: "order.changed" }),
  ];
}

function deadLetters({ app, smallApp, failingEndpoint }: Found): PageRequest[] {
  const filters = ["", `app_id=${app}`, `app_id=${smallApp}`, `endpoint_id=${failingEndpoint}`];
  const narrow = ["event_types=order.changed", "reason=tls", "reason=transformation", `app_id=${app}&reason=dns`];
  const dryRun = (filter: object) => post("/dead-letter/redrive", { filter, dryRun: true });
  return [
    ...[...filters, ...narrow].map((filter) => list(`/dead-letter?limit=50&${filter}`)),
    list(`/dead-letter?limit=50&before=${daysAgo(60)}`),
    list(`/dead-letter?limit=50&after=${daysAgo(1)}`),
    ...[...filters, ...narrow].map((filter) => one(`/dead-letter/summary?${filter}`)),
    post("/dead-letter/drop", { filter: { all: true }, dryRun: true }),
    dryRun({ all: true }),
    dryRun({ appId: app }),
    dryRun({ reason: "tls" }),
    dryRun({ endpointId: failingEndpoint, eventTypes: ["order.changed"] }),
  ];
}

function sources({ source, sourceApp, sourceMessage, logEntry }: Found): PageRequest[] {
  const of = `/ingest/api/v1/source/${source}`;
  return [
    list("/ingest/api/v1/source?with_counts=true&limit=50"),
    one(of),
    list(`${of}/log?limit=50`),
    list(`${of}/log?limit=250`),
    one(`${of}/log/${logEntry}`),
    list(`${of}/endpoint?limit=250`),
    list(`/app/${sourceApp}/msg?with_content=false&limit=50`),
    one(`/app/${sourceApp}/msg/${sourceMessage}?with_content=false`),
    one(`/app/${sourceApp}/msg/${sourceMessage}/raw`),
    one("/provider"),
  ];
}

function installation({ eventType, task }: Found): PageRequest[] {
  return [
    one("/auth/whoami"),
    list("/session/list?limit=50"),
    one("/environment"),
    list("/management/environment?limit=50"),
    list("/event-type?limit=250&include_archived=true"),
    one(`/event-type/${eventType}`),
    one(`/event-type/${eventType}/example`),
    list("/operational-webhook/endpoint?limit=50"),
    list("/background-task?limit=50"),
    list("/background-task?limit=50&status=running"),
    list("/background-task?limit=50&task=endpoint.recover"),
    one(`/background-task/${task}`),
    list("/audit-log?limit=50"),
    list(`/audit-log?limit=50&before=${daysAgo(84)}`),
    one("/system"),
    one("/system/diagnostics"),
    one("/health"),
  ];
}

function statistics({ app, endpoint }: Found): PageRequest[] {
  const steps = [
    `step=1m&since=${daysAgo(1 / 24)}`,
    `step=5m&since=${daysAgo(1)}`,
    `step=1h&since=${daysAgo(7)}`,
    `step=1h&since=${daysAgo(30)}`,
    `step=1d&since=${daysAgo(90)}`,
  ];
  return [
    one("/overview"),
    ...steps.map((step) => one(`/stats/timeseries?${step}`)),
    one(`/stats/timeseries?step=1h&since=${daysAgo(30)}&app_id=${app}`),
    one(`/stats/timeseries?step=1h&since=${daysAgo(30)}&app_id=${app}&endpoint_id=${endpoint}`),
    ...["nowhere", "customer", "acme", "evt-77776", "hooks-7", "order"].map((q) => one(`/search?q=${q}`)),
    one("/metrics"),
  ];
}
