import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
let app: string;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
  app = await makeApplication(send);
});
afterAll(() => server.stop());

/** A payload of more than 128 KiB, with white space, a big integer and a repeated key. */
const FILLER = Array.from({ length: 12_000 }, (_, index) => `"key-${index}":${index}`).join(",");
const LARGE = `{ "a":1.0, "big":12345678901234567890, "a":2 ,${FILLER}}`;

const post = (path: string, body: string) =>
  send("POST", path, body, { headers: { "content-type": "application/json" } });
const message = (payload: string, more = "") =>
  post(`/app/${app}/msg`, `{"eventType":"a.b"${more},"payload":${payload}}`);

/** Returns the payload in the JSON text of a message. */
async function storedPayload(id: string): Promise<string> {
  const { text } = await send("GET", `/app/${app}/msg/${id}`);
  const from = text.indexOf('"payload":') + '"payload":'.length;
  return text.slice(from, from + LARGE.length);
}

describe("large bodies, whose payloads are not parsed", () => {
  test("a large payload is stored byte for byte, alone and in a batch", async () => {
    const alone = await message(LARGE);
    expect(alone.status).toBe(202);
    expect(await storedPayload(alone.json.id)).toBe(LARGE);
    const batch = await post(
      `/app/${app}/msg/batch`,
      `{"messages":[{"eventType":"a","payload":{}},{"data":${LARGE},"eventType":"b"}]}`,
    );
    expect(batch.status).toBe(202);
    expect(await storedPayload(batch.json.data[1].id)).toBe(LARGE);
  });

  test("of repeated payloads the last one counts, as in small bodies", async () => {
    const { json } = await post(`/app/${app}/msg`, `{"payload":{"x":1},"eventType":"a.b","payload":${LARGE}}`);
    expect(await storedPayload(json.id)).toBe(LARGE);
  });

  test("a syntax error in a large payload is a 422 with its place", async () => {
    for (const [from, to] of [
      ['"big":', '"big";'],
      [":1.0,", ":01.0,"],
      ["12345678901234567890", "undefined"],
      ['"key-7"', '"key-\\x7"'],
    ] as const) {
      const { status, json } = await message(LARGE.replace(from, to));
      expect([to, status]).toEqual([to, 422]);
      expect(json.detail[0].msg).toMatch(/unexpected character at line 1, column \d+\.$/);
    }
    expect((await message(LARGE.slice(0, -1))).status).toBe(422);
    expect((await message(`${"[".repeat(200)}${LARGE}${"]".repeat(200)}`)).json.detail[0].msg).toContain("nested");
  });

  test("a large payload that is not an object, or that is sent twice, is a 422 as in small bodies", async () => {
    for (const payload of [`[${FILLER.replace(/"[^"]*":/g, "")}]`, `"${"x".repeat(200_000)}"`]) {
      const { status, json } = await message(payload);
      expect([status, json.detail[0].loc]).toEqual([422, ["body", "payload"]]);
    }
    expect((await message(LARGE, ',"data":{}')).json.detail[0].loc).toEqual(["body", "data"]);
    expect((await post(`/app/${app}/msg`, `{"eventType":"a.b","other":${LARGE}}`)).status).toBe(422);
  });

  test("a large body with too many different keys outside payloads is a 422, and with many equal keys it is taken", async () => {
    const many = Array.from({ length: 60_000 }, (_, index) => `"k${index}":""`).join(",");
    for (const [path, body] of [
      [`/app/${app}/msg`, `{"eventType":"a.b","payload":{},"x":{${many}}}`],
      ["/app", `{"name":"x","metadata":{${many}}}`],
    ] as const) {
      const { status, json } = await post(path, body);
      expect([status, json.detail[0].msg]).toEqual([
        422,
        "The body has more than 50000 different keys outside the payloads of messages. Send fewer items per request, or move the data into the payload.",
      ]);
    }
    const equal = Array.from({ length: 60_000 }, () => '{"k":1}').join(",");
    expect((await post(`/app/${app}/msg`, `{"eventType":"a.b","payload":{},"x":[${equal}]}`)).status).toBe(202);
    expect((await message(`{${many}}`)).status).toBe(202);
  });

  test("a large batch of more than 1,000 messages is a 422, whatever its items are", async () => {
    for (const item of ["1", "{}", '{"eventType":"a","payload":{}}']) {
      const items = Array.from({ length: Math.ceil(140_000 / item.length) }, () => item).join(",");
      const { status, json } = await post(`/app/${app}/msg/batch`, `{"messages":[${items}]}`);
      expect([status, json.detail[0].loc]).toEqual([422, ["body", "messages"]]);
    }
  });

  test("a large payload is validated against the schema of its event type", async () => {
    const name = freshUid("type");
    const schemas = { "1": { type: "object", required: ["id"], properties: { a: { const: 2 } } } };
    await send("POST", "/event-type", { name, description: "", validation: "warn", schemas });
    const { status, json } = await post(`/app/${app}/msg`, `{"eventType":"${name}","payload":${LARGE}}`);
    expect(status).toBe(202);
    expect(json.warnings).toEqual([
      { loc: ["body", "payload", "id"], msg: "This field is required.", type: "schema.required" },
    ]);
  });
});
