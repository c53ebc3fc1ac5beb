import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Moto, motoPython, startMoto } from "../support/brokers/moto.ts";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { startReceiver } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { soon } from "../support/soon.ts";
import { makeSource } from "../support/source.ts";

const SOURCES = "/ingest/api/v1/source";

describe.skipIf(motoPython === null)("keys for AWS, checked by another implementation of its signatures", () => {
  let server: TestServer;
  let send: Send;
  let moto: Moto;
  beforeAll(async () => {
    moto = await startMoto("orders");
    server = await startServer(["--retry-schedule="]);
    send = clientOf(server.url);
  }, 90_000);
  afterAll(async () => {
    await server?.stop();
    await moto?.[Symbol.asyncDispose]();
  });

  async function delivered(url: string) {
    const app = await makeApplication(send);
    await makeEndpoint(send, app, url);
    const id = await sendMessage(send, app, { payload: { name: "Ä" } });
    return { id, attempt: (await attemptsOf(send, app, id))[0]! };
  }

  const connection = async (id: string, state: string) =>
    soon(
      async () => (await send("GET", `${SOURCES}/${id}`)).json.connection,
      (found) => found?.state === state,
    );

  test("with the right keys for AWS, a message gets into a queue, and a source takes it out of the queue", async () => {
    const { id, attempt } = await delivered(moto.urlOf("orders"));
    expect(attempt).toMatchObject({ responseStatusCode: 200, reason: null });
    await using consumer = startReceiver();
    await makeSource(send, consumer.url, { fields: { type: "sqs", config: { url: moto.urlOf("orders") } } });
    const [request] = await consumer.arrived(1);
    expect(request!.body.toString()).toBe('{"name":"Ä"}');
    expect(request!.headers.get("event-type")).toBe("a");
    // The id of the first message is an attribute that belongs to the signature of the second.
    expect(request!.id).not.toBe(id);
  });

  test("a wrong secret and an unknown key for AWS are refused with 403, and the source says why", async () => {
    const wrong = moto.urlOf("orders", moto.accessKeyId, "wrong");
    const { attempt } = await delivered(wrong);
    expect(attempt).toMatchObject({ responseStatusCode: 403, reason: "status_4xx" });
    expect(attempt.response).toStartWith("SignatureDoesNotMatch: ");
    const unknown = await delivered(moto.urlOf("orders", "AKIDUNKNOWN"));
    expect(unknown.attempt).toMatchObject({ responseStatusCode: 403, reason: "status_4xx" });
    const { json } = await send("POST", SOURCES, { name: "Q", type: "sqs", config: { url: wrong } });
    expect(await connection(json.id, "failed")).toMatchObject({
      error: expect.stringContaining("SignatureDoesNotMatch"),
    });
  });
});
