import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { fromSources, run } from "../support/binary.ts";
import { clientOf, freshUid, type Send } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const SOURCES = "/ingest/api/v1/source";

async function makeSource(type: string, config: object, more: object = {}): Promise<string> {
  const uid = freshUid("source");
  const { status, text } = await send("POST", SOURCES, { name: uid, uid, type, config, ...more });
  if (status !== 201) throw new Error(`${type}: ${status} ${text}`);
  return uid;
}

const example = (uid: string, body?: object) => send("POST", `${SOURCES}/${uid}/send-example`, body);

describe("an example of a source", () => {
  test("the example of a stripe source is verified and reaches its endpoint", async () => {
    const uid = await makeSource("stripe", { secret: "whsec_test_only" });
    const inbox = freshUid("inbox");
    await send("POST", `${SOURCES}/${uid}/endpoint`, { url: `${server.url}/inbox/${inbox}` });
    const { status, json } = await example(uid, { eventType: "charge.refunded" });
    expect([status, json]).toEqual([
      202,
      expect.objectContaining({ eventType: "charge.refunded", verification: "verified", method: "POST" }),
    ]);
    const [request] = await until(
      async () => (await send("GET", `/inbox/${inbox}`)).json.data,
      (requests) => requests.length === 1,
    );
    expect(request.headers["boathook-verification"]).toBe("verified");
    expect(JSON.parse(request.body)).toMatchObject({ type: "charge.refunded" });
  });

  test("each example is a new event, so the second one is no duplicate", async () => {
    const uid = await makeSource("github", { secret: "test-only" });
    const [first, second] = [await example(uid), await example(uid)];
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(first.json.id).not.toBe(second.json.id);
    expect((await send("GET", `${SOURCES}/${uid}`)).json.counts).toMatchObject({ stored: 2, duplicate: 0 });
  });

  test("the example of a provider with a token in a header is authenticated", async () => {
    const uid = await makeSource("gitlab", { secret: "token-of-gitlab" });
    const { json } = await example(uid);
    expect(json).toMatchObject({ verification: "authenticated" });
    expect(JSON.stringify(json)).not.toContain("token-of-gitlab");
  });

  test("a source of type cron makes one run", async () => {
    const uid = await makeSource("cron", { schedule: "0 0 1 1 *", payload: '{"job":"report"}' });
    const { status, json } = await example(uid);
    expect([status, json]).toEqual([
      202,
      expect.objectContaining({ eventType: "cron.received", method: "CRON", payload: { job: "report" } }),
    ]);
  });

  test("a source of any sender gets an unsigned example", async () => {
    expect((await example(await makeSource("generic-webhook", {}))).json.verification).toBe("unattempted");
  });

  test("a source that still waits for its secret is refused with 422 cannot_sign", async () => {
    expect(await example(await makeSource("asana", {}))).toMatchObject({ status: 422, json: { code: "cannot_sign" } });
  });

  test("an example beyond the rate of the source is refused with 429", async () => {
    const uid = await makeSource("generic-webhook", {}, { ingestRate: 1 });
    const answers = [await example(uid), await example(uid), await example(uid)];
    expect(answers.map(({ status }) => status)).toContain(429);
  });

  const REFUSED: readonly (readonly [body: unknown, status: number])[] = [
    [{ eventType: "two words" }, 422],
    [{ eventType: 7 }, 422],
    [{ eventType: "" }, 422],
    ["[]", 422],
    ["{", 422],
  ];
  for (const [body, status] of REFUSED) {
    test(`the body ${JSON.stringify(body)} is refused with ${status}`, async () => {
      const uid = await makeSource("generic-webhook", {});
      expect((await send("POST", `${SOURCES}/${uid}/send-example`, body)).status).toBe(status);
    });
  }

  test("an unknown source is 404, and the portal's token of a source gets 403", async () => {
    expect((await example("nobody")).status).toBe(404);
    const uid = await makeSource("generic-webhook", {});
    const { token } = (await send("POST", `${SOURCES}/${uid}/dashboard`)).json;
    expect((await send("POST", `${SOURCES}/${uid}/send-example`, {}, { token })).status).toBe(403);
  });
});

test("`boathook trigger` prints the id of the message", async () => {
  const uid = await makeSource("shopify", { secret: "test-only" });
  const options = { BOATHOOK_SERVER: server.url, BOATHOOK_TOKEN: ROOT_TOKEN };
  const { code, stdout, stderr } = await run(fromSources, ["trigger", "--source", uid, "orders.create"], {
    env: options,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { appId } = (await send("GET", `${SOURCES}/${uid}`)).json;
  const { json } = await send("GET", `/app/${appId}/msg/${stdout.trim()}`);
  expect(json).toMatchObject({ eventType: "orders.create", verification: "verified" });
});
