import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { ElasticMq, hasElasticMq } from "../support/brokers/elasticmq.ts";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, firstAttempt, makeEndpoint, sendMessage, sendMessages } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { soon } from "../support/soon.ts";

const LOAD = 1000;

let server: TestServer;
let send: Send;
let sqs: ElasticMq;

/** Creates a queue and an endpoint that sends to it. */
async function endpointOf(fields: object = {}, attributes: Readonly<Record<string, string>> = {}) {
  const queue = freshUid("queue") + (attributes.FifoQueue === "true" ? ".fifo" : "");
  await sqs.queue(queue, attributes);
  const app = await makeApplication(send);
  return { app, queue, endpoint: await makeEndpoint(send, app, sqs.urlOf(queue), fields) };
}

/** Sends a message to a new endpoint and returns its first attempt. */
const delivered = (url: string, endpoint: object = {}) => firstAttempt(send, url, endpoint);

const numberOf = ({ body }: { readonly body: string }) => (JSON.parse(body) as { n: number }).n;
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe.skipIf(!hasElasticMq)("an endpoint with the URL of a queue of SQS", () => {
  beforeAll(async () => {
    sqs = await ElasticMq.start();
    server = await startServer(["--retry-schedule=1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s"]);
    send = clientOf(server.url);
  }, 90_000);
  afterAll(async () => {
    await server?.stop();
    await sqs?.[Symbol.asyncDispose]();
  });

  test("an SQS queue gets the payload byte for byte, with a valid signature, the event type and the content type", async () => {
    const { app, queue, endpoint } = await endpointOf();
    const body = `{"eventType":"invoice.paid","payload":{"amount":1.0,"name":"Ä"}}`;
    const { json } = await send("POST", `/app/${app}/msg`, body);
    const [attempt] = await attemptsOf(send, app, json.id);
    expect(attempt).toMatchObject({ responseStatusCode: 200, reason: null, url: sqs.urlOf(queue, "KEY:***") });
    expect(JSON.parse(attempt!.response).MessageId).toMatch(/^[0-9a-f-]{36}$/);
    const [message] = await sqs.drain(queue);
    expect(message!.body).toBe('{"amount":1.0,"name":"Ä"}');
    const { attributes } = message!;
    expect(attributes).toMatchObject({
      ...{ "event-type": "invoice.paid", "content-type": "application/json", "webhook-id": json.id },
    });
    const { key } = (await send("GET", `/app/${app}/endpoint/${endpoint}/secret`)).json;
    expect(new Webhook(key).verify(message!.body, attributes as Record<string, string>)).toEqual({
      amount: 1,
      name: "Ä",
    });
  });

  test("a FIFO queue gets the messages of a fifo endpoint in their order, each once", async () => {
    const { app, queue } = await endpointOf({ ordering: "fifo" }, { FifoQueue: "true" });
    await sendMessages(send, app, 60);
    await soon(
      () => sqs.counts(queue),
      ({ waiting }) => waiting === 60,
    );
    expect((await sqs.drain(queue)).map(numberOf)).toEqual(upTo(60));
  });

  test("an error of SQS is shown with its status and begins with its name, and is tried again by the schedule", async () => {
    const attempt = await delivered(sqs.urlOf("none"));
    expect(attempt).toMatchObject({ responseStatusCode: 400, reason: "status_4xx" });
    expect(attempt.response).toStartWith("QueueDoesNotExist: ");
    expect(attempt.nextAttempt).not.toBeNull();
  });

  test.each([
    ["that nobody listens at", "http://127.0.0.1:1", "connection"],
    ["whose address is private", "http://10.1.2.3", "blocked"],
    ["whose name is unknown", "http://sqs.invalid", "dns"],
  ])("a server for SQS %s makes the attempt fail with its reason", async (_, address, reason) => {
    const attempt = await delivered(`sqs://KEY:secret@eu/1/q?endpoint=${encodeURIComponent(address)}`);
    expect(attempt).toMatchObject({ responseStatusCode: 0, reason });
  });

  test.each<[name: string, url: string, fields: object, field: string, problem: string]>([
    ["without keys", "sqs://eu-central-1/1/q", {}, "url", "must contain keys"],
    ["without a queue", "sqs://K:s@eu-central-1/1", {}, "url", "The URL of a queue is"],
    ["with `auth`", "sqs://K:s@eu-central-1/1/q", { auth: { type: "bearer", token: "t" } }, "auth", "Remove `auth`"],
    ["with `batch`", "sqs://K:s@eu-central-1/1/q", { batch: { maxMessages: 2, maxWaitMs: 1000 } }, "batch", "alone"],
  ])("an endpoint with an SQS URL %s is refused", async (_, url, fields, field, problem) => {
    const app = await makeApplication(send);
    const { status, json } = await send("POST", `/app/${app}/endpoint`, { url, ...fields });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", field]]);
    expect(json.detail[0].msg).toContain(problem);
  });

  test("the secret key in an SQS URL is shown nowhere and is kept for the same server only", async () => {
    const { app, queue, endpoint } = await endpointOf();
    const path = `/app/${app}/endpoint/${endpoint}`;
    const shown = (await send("GET", path)).json;
    expect(shown.url).toBe(sqs.urlOf(queue, "KEY:***"));
    expect((await send("PATCH", path, { url: shown.url, description: "changed" })).status).toBe(200);
    const elsewhere = shown.url.replace("127.0.0.1", "127.0.0.2");
    expect((await send("PATCH", path, { url: elsewhere })).status).toBe(422);
    const [attempt] = await attemptsOf(send, app, await sendMessage(send, app));
    expect(attempt!.responseStatusCode).toBe(200);
  });

  test("a server for SQS that hangs is a timeout, and the message arrives when it responds again", async () => {
    const { app, queue } = await endpointOf({ timeoutMs: 1000 });
    sqs.signal("SIGSTOP");
    const id = await sendMessage(send, app);
    const [attempt] = await attemptsOf(send, app, id);
    sqs.signal("SIGCONT");
    expect(attempt).toMatchObject({ responseStatusCode: 0, reason: "timeout" });
    await soon(
      () => sqs.counts(queue),
      ({ waiting }) => waiting > 0,
    );
    expect((await sqs.drain(queue))[0]!.attributes["webhook-id"]).toBe(id);
  });

  test("no message is lost when the server of an SQS queue is killed and restarted under load", async () => {
    const { app, queue } = await endpointOf();
    await sendMessages(send, app, LOAD);
    await soon(
      () => sqs.counts(queue),
      ({ waiting }) => waiting > LOAD / 10,
    );
    await sqs.kill();
    await sendMessages(send, app, LOAD);
    await sqs.start();
    const arrived: number[] = [];
    const ids = new Set<string>();
    await soon(
      async () => {
        for (const { body, attributes } of await sqs.drain(queue)) {
          arrived.push(numberOf({ body }));
          ids.add(attributes["webhook-id"]!);
        }
        return ids.size;
      },
      (size) => size === 2 * LOAD,
      90_000,
    );
    console.log(
      `The server was killed: ${ids.size} of ${2 * LOAD} messages arrived, ${arrived.length - ids.size} twice.`,
    );
    expect(arrived.toSorted((a, b) => a - b).filter((n, i, all) => n !== all[i - 1])).toEqual(upTo(LOAD));
  }, 150_000);
});
