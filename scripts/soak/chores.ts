import type { Server } from "./server.ts";

/** Uid of the application that gets the messages. */
export const APPLICATION = "soak";
/** Name of the applications that the soak creates and deletes again. */
const PASSING = "passing";
const PORTAL_TOKEN_SECONDS = 3600;

/** A request that operators or customers make from time to time besides sending messages. */
export interface Chore {
  readonly name: string;
  readonly everyMs: number;
  readonly work: () => Promise<Response>;
}

/** Returns chores that read: lists, statistics and pages. */
function readers(server: Server): Chore[] {
  const app = `/app/${APPLICATION}`;
  const paths: ReadonlyArray<readonly [everyMs: number, path: string]> = [
    [1000, `${app}/msg?limit=50`],
    [1100, `${app}/msg?limit=50&event_types=soak.failing`],
    [1500, `${app}/attempt/endpoint/failing?limit=50`],
    [1700, "/message?limit=50&state=dead"],
    [1900, "/dead-letter?limit=50"],
    [2000, "/dead-letter/summary"],
    [2500, "/overview"],
    [2700, `/overview/app/${APPLICATION}/endpoint/healthy`],
    [3000, "/audit-log?limit=20"],
    [3300, `/stats/timeseries?app_id=${APPLICATION}`],
    [3700, `${app}/endpoint/recovering/stats`],
    [4300, "/search?q=soak"],
    [5300, "/system"],
    [6100, `${app}/poller/soak/consumer/one?limit=50`],
    [7300, "/ingest/api/v1/source/soak/log"],
    [11_000, "/openapi.json"],
  ];
  return [
    ...paths.map(([everyMs, path]) => ({ name: `GET ${path}`, everyMs, work: () => server.call("GET", path) })),
    { name: "metrics", everyMs: 5000, work: () => fetch(`${server.url}/metrics`) },
    { name: "admin page", everyMs: 6000, work: () => fetch(`${server.url}/ui/`, { keepalive: false }) },
  ];
}

/** Returns chores that change something. */
function changes(server: Server): Chore[] {
  const app = `/app/${APPLICATION}`;
  const ofRecovering = { endpointId: "recovering", appId: APPLICATION };
  const changesOf = (everyMs: number, method: string, path: string, body?: unknown): Chore => ({
    name: `${method} ${path}`,
    everyMs,
    work: () => server.call(method, path, body),
  });
  return [
    changesOf(15_000, "POST", "/dead-letter/redrive", { filter: ofRecovering, rate: 200 }),
    changesOf(17_000, "DELETE", `/dead-letter?endpoint_id=silent&app_id=${APPLICATION}`),
    changesOf(7000, "POST", `/auth/app-portal-access/${APPLICATION}`, { expiry: PORTAL_TOKEN_SECONDS }),
    changesOf(6500, "PATCH", `${app}/endpoint/slow`, { description: "This endpoint is slow." }),
    changesOf(8500, "PUT", "/event-type/soak.passing", { description: "This event type is updated." }),
    changesOf(19_000, "POST", `${app}/endpoint/recovering/recover`, { since: new Date(Date.now()).toISOString() }),
    { name: "passing customer", everyMs: 4000, work: () => passingCustomer(server) },
  ];
}

let customers = 0;

/** Creates an application with an endpoint that cannot be reached, sends messages, and deletes it. */
async function passingCustomer(server: Server): Promise<Response> {
  // On a busy machine, the next application may be created before this one is deleted.
  const uid = `${PASSING}-${customers++}`;
  const app = `/app/${uid}`;
  const steps = [
    () => server.call("POST", "/app", { name: PASSING, uid }),
    () => server.call("POST", `${app}/endpoint`, { url: "http://127.0.0.1:9/", uid: "closed" }),
    () => server.call("POST", `${app}/endpoint/closed/secret/rotate`, {}),
    () => server.call("POST", `${app}/msg/batch`, { messages: messagesOf(10) }),
    () => server.call("GET", `${app}/msg?limit=10`),
  ];
  for (const step of steps) {
    const response = await step();
    if (!response.ok) return response;
    await response.arrayBuffer();
  }
  return await server.call("DELETE", app);
}

function messagesOf(count: number): { eventType: string; payload: { number: number } }[] {
  return Array.from({ length: count }, (_, number) => ({ eventType: "soak.passing", payload: { number } }));
}

export function choresOf(server: Server): Chore[] {
  return [...readers(server), ...changes(server)];
}

const STREAM_MS = 12_000;

/**
 * Reads the live view, and opens it again from time to time, as browsers do. Calls `onEnd` with the
 * status of each stream that has ended. Returns a function that ends the reading.
 */
export function readLive(server: Server, onEnd: (status: number) => void): () => Promise<void> {
  let abort = new AbortController();
  let reading = Promise.resolve();
  const read = async ({ signal }: AbortController) => {
    const stream = await server.call("GET", "/live");
    const reader = stream.body?.getReader();
    signal.addEventListener("abort", () => void reader?.cancel());
    while ((await reader?.read())?.done === false);
    onEnd(stream.status);
  };
  const open = () => {
    abort.abort();
    abort = new AbortController();
    reading = read(abort);
  };
  open();
  const timer = setInterval(open, STREAM_MS);
  return () => {
    clearInterval(timer);
    abort.abort();
    return reading;
  };
}
