import { makeApplication, type Send } from "./client.ts";
import { soon } from "./soon.ts";

/** Steps that many tests of deliveries need: create endpoints, send messages, read the results. */

/** How long `until` waits, in ms. Most tests time out after a minute. */
const UNTIL_MS = 55_000;

/** Creates an endpoint and returns its id. */
export async function makeEndpoint(send: Send, app: string, url: string, fields: object = {}): Promise<string> {
  const { status, text, json } = await send("POST", `/app/${app}/endpoint`, { url, ...fields });
  if (status !== 201) throw new Error(`The endpoint was not created: ${status} ${text}`);
  return json.id;
}

/** Sends a message and returns its id. */
export async function sendMessage(send: Send, app: string, fields: object = {}): Promise<string> {
  const { status, text, json } = await send("POST", `/app/${app}/msg`, { eventType: "a", payload: {}, ...fields });
  if (status !== 202) throw new Error(`The message was not accepted: ${status} ${text}`);
  return json.id;
}

/** Sends `count` messages, in order, in as few calls as possible, and returns their ids. */
export async function sendMessages(send: Send, app: string, count: number, fields: object = {}): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const from = ids.length;
    const messages = Array.from({ length: Math.min(1000, count - from) }, (_, i) => ({
      eventType: "a",
      payload: { n: from + i },
      ...fields,
    }));
    const { status, text, json } = await send("POST", `/app/${app}/msg/batch?with_content=false`, { messages });
    if (status !== 202) throw new Error(`The message was not accepted: ${status} ${text}`);
    for (const { id } of json.data) ids.push(id);
  }
  return ids;
}

/** An attempt, as the API returns it. */
export interface AttemptOut {
  readonly endpointId: string;
  readonly url: string;
  readonly response: string;
  readonly note: string | null;
  readonly responseStatusCode: number;
  readonly statusText: string;
  readonly reason: string | null;
  readonly nextAttempt: string | null;
  readonly batchId: string | null;
  readonly timestamp: string;
}

/** Waits until a message has `count` finished attempts, and returns them newest first. */
export async function attemptsOf(send: Send, app: string, message: string, count = 1): Promise<AttemptOut[]> {
  return until(
    async () => (await send("GET", `/app/${app}/attempt/msg/${message}`)).json.data as AttemptOut[],
    (attempts) => attempts.length >= count,
  );
}

/** Sends a message to a new endpoint of a new application, and returns its first attempt. */
export async function firstAttempt(
  send: Send,
  url: string,
  endpoint: object = {},
  message: object = {},
): Promise<AttemptOut> {
  const app = await makeApplication(send);
  await makeEndpoint(send, app, url, endpoint);
  const [attempt] = await attemptsOf(send, app, await sendMessage(send, app, message));
  return attempt!;
}

/** Like `soon`, for what may take nearly as long as a test. */
export function until<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  return soon(ask, fits, UNTIL_MS);
}
