import type { Send } from "./client.ts";

/** What tests of deliveries do over and over: make endpoints, send messages, ask what became of them. */

/** Makes an endpoint and returns its id. */
export async function makeEndpoint(send: Send, app: string, url: string, fields: object = {}): Promise<string> {
  const { status, text, json } = await send("POST", `/app/${app}/endpoint`, { url, ...fields });
  if (status !== 201) throw new Error(`No endpoint: ${status} ${text}`);
  return json.id;
}

/** Sends a message and returns its id. */
export async function sendMessage(send: Send, app: string, fields: object = {}): Promise<string> {
  const { status, text, json } = await send("POST", `/app/${app}/msg`, { eventType: "a", payload: {}, ...fields });
  if (status !== 202) throw new Error(`Not accepted: ${status} ${text}`);
  return json.id;
}

/** Sends that many messages, in order, in as few calls as can be, and returns their ids. */
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
    if (status !== 202) throw new Error(`Not accepted: ${status} ${text}`);
    for (const { id } of json.data) ids.push(id);
  }
  return ids;
}

/** An attempt as the API tells it. */
export interface AttemptOut {
  readonly endpointId: string;
  readonly url: string;
  readonly response: string;
  readonly responseStatusCode: number;
  readonly statusText: string;
  readonly reason: string | null;
  readonly nextAttempt: string | null;
  readonly timestamp: string;
}

/** Waits until a message has so many finished attempts; newest first. */
export async function attemptsOf(send: Send, app: string, message: string, count = 1): Promise<AttemptOut[]> {
  return until(
    async () => (await send("GET", `/app/${app}/attempt/msg/${message}`)).json.data as AttemptOut[],
    (attempts) => attempts.length >= count,
  );
}

/** Asks until the answer is as it should be; what never becomes so ends with the test's time. */
export async function until<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    await Bun.sleep(10);
  }
}
