import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

/** Tests that the trace of a caller reaches the receivers of its messages. */

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const STATE = "rojo=00f067aa0ba902b7 , congo=t61rcWkgMzE";
const TRACE = { traceparent: PARENT, tracestate: STATE };

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule=1s"]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

let receiver: Receiver;
let app: string;
beforeEach(async () => {
  receiver = startReceiver();
  app = await makeApplication(send);
});
afterEach(() => receiver[Symbol.asyncDispose]());

function addEndpoint(fields: object = {}) {
  return send("POST", `/app/${app}/endpoint`, { url: receiver.url, ...fields });
}

async function post(path: string, body: object, headers: Record<string, string>): Promise<void> {
  const { status } = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${ROOT_TOKEN}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  expect(status).toBeLessThan(300);
}

const sendMessage = (headers: Record<string, string>, fields: object = {}) =>
  post(`/api/v1/app/${app}/msg`, { eventType: "user.signup", payload: {}, ...fields }, headers);

/** Returns the trace headers of the requests that have arrived, when there are `count`. */
async function traces(count = 1) {
  const requests = await receiver.arrived(count);
  return requests.map(({ headers }) => [headers.get("traceparent"), headers.get("tracestate")]);
}

describe("without `otlp-endpoint`", () => {
  test("the receiver gets the trace headers of the caller as they are", async () => {
    await addEndpoint();
    await sendMessage(TRACE);
    expect(await traces()).toEqual([[PARENT, STATE]]);
  });

  test("the messages of a batch have the trace of its request", async () => {
    await addEndpoint();
    const message = { eventType: "user.signup", payload: {} };
    await post(`/api/v1/app/${app}/msg/batch`, { messages: [message, message] }, TRACE);
    expect(await traces(2)).toEqual([
      [PARENT, STATE],
      [PARENT, STATE],
    ]);
  });

  test("a receiver gets no trace headers if the caller has sent none or invalid ones", async () => {
    await addEndpoint();
    await sendMessage({});
    await sendMessage({ tracestate: STATE });
    await sendMessage({ ...TRACE, traceparent: `${PARENT}-more` });
    expect(await traces(3)).toEqual(Array(3).fill([null, null]));
  });

  test("headers of the message or of the endpoint replace the trace of the caller", async () => {
    const own = `00-${"1".repeat(32)}-${"2".repeat(16)}-00`;
    await addEndpoint();
    await sendMessage(TRACE, { transformationsParams: { headers: { Traceparent: own } } });
    expect(await traces()).toEqual([[own, null]]);
  });

  test("a retry by a restarted server has the trace of the caller", async () => {
    await addEndpoint();
    receiver.answering = withStatus(500);
    await sendMessage(TRACE);
    await receiver.arrived(1);
    await server.restart();
    expect((await traces(2))[1]).toEqual([PARENT, STATE]);
  });

  test("a source passes on the trace of its sender, also under the name for senders' headers", async () => {
    const { json: source } = await send("POST", "/ingest/api/v1/source", { name: "orders", type: "generic-webhook" });
    app = source.appId;
    expect((await send("POST", `/app/${app}/endpoint`, { url: receiver.url })).status).toBe(201);
    await post(new URL(source.ingestUrl).pathname, {}, TRACE);
    const [request] = await receiver.arrived(1);
    expect(request!.headers.get("boathook-sender-traceparent")).toBe(PARENT);
    expect(await traces()).toEqual([[PARENT, STATE]]);
  });
});
