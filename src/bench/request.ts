/**
 * The requests of a load. `path`, `headers` and `body` may contain placeholders:
 * - `{n}`: a number that no other request has
 * - `{at}`: the time at which the request is created, in ms
 * - `{app}` and `{type}`: numbers that go through all applications and event types in rotation
 */
export interface RequestPlan {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** ASCII. */
  readonly body: string;
  readonly applications: number;
  readonly types: number;
  /** With 1, `body` is the body of a request. With more, it is one of that many messages of a batch. */
  readonly messagesPerRequest: number;
}

/** Returns the requests of the message route. Each payload contains the time of its creation. */
export function messageRequests(token: string, bodyBytes: number, more: Partial<RequestPlan> = {}): RequestPlan {
  return {
    path: "/api/v1/app/bench-{app}/msg",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: `{"eventType":"${eventType("{type}")}","payload":${payload(bodyBytes)}}`,
    applications: 1,
    types: 1,
    messagesPerRequest: 1,
    ...more,
  };
}

/** Returns the requests of the route for batches. */
export function batchRequests(token: string, bodyBytes: number, more: Partial<RequestPlan> = {}): RequestPlan {
  const batch = { path: "/api/v1/app/bench-{app}/msg/batch", messagesPerRequest: BATCH };
  return { ...messageRequests(token, bodyBytes), ...batch, ...more };
}

/** Messages in each request of a load of batches. The route takes no more. */
export const BATCH = 1000;

/** Returns the uid of an application of the bench. */
export function applicationUid(number: number | string): string {
  return `bench-${number}`;
}

/** Returns the name of an event type of the bench. */
export function eventType(number: number | string): string {
  return `bench.event-${number}`;
}

const AT = /\{at\}/g;
const PLACEHOLDER = /\{(n|at|app|type)\}/;
/** Number of digits of `{n}`. */
const NUMBER_DIGITS = 16;

function payload(bodyBytes: number): string {
  const withNote = (note: string) => `{"sentAt":{at},"note":"${note}"}`;
  const bytes = withNote("").replace(AT, nowMs().toFixed(3)).length;
  return withNote("x".repeat(Math.max(0, bodyBytes - bytes)));
}

/** Returns a function that creates requests for a server at `host`. */
export function requestsOf(plan: RequestPlan, host: string): () => string {
  const { messagesPerRequest, applications, types } = plan;
  const lines = Object.entries(plan.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = compile(`POST ${plan.path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join("")}content-length: `);
  const messages = Array.from({ length: messagesPerRequest }, () => plan.body).join(",");
  const body = compile(messagesPerRequest === 1 ? plan.body : `{"messages":[${messages}]}`);
  // Loads of several processes never begin with the same number.
  const first = Date.now() * 1000;
  let count = 0;
  return () => {
    const values: Values = {
      n: String(first + count).padStart(NUMBER_DIGITS, "0"),
      at: nowMs().toFixed(3),
      app: String(count % applications),
      type: String(Math.floor(count / applications) % types),
    };
    count++;
    const text = body(values);
    return `${head(values)}${text.length}\r\n\r\n${text}`;
  };
}

type Values = Readonly<Record<"n" | "at" | "app" | "type", string>>;

function compile(template: string): (values: Values) => string {
  // Texts and names of placeholders alternate.
  const parts = template.split(PLACEHOLDER);
  return (values) => {
    let text = parts[0]!;
    for (let i = 1; i < parts.length; i += 2) text += values[parts[i] as keyof Values] + parts[i + 1]!;
    return text;
  };
}

/** Returns a time that all processes of this machine share, in ms. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
