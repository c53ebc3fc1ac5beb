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

const finding = { loc: ["body", "payload", "id"], msg: "This field is required.", type: "schema.required" };

/** Creates an event type with this schema and returns its name. */
async function makeType(schema: object, validation: "warn" | "reject" = "warn"): Promise<string> {
  const name = freshUid("type");
  const { status, text } = await send("POST", "/event-type", {
    ...{ name, description: "", validation },
    schemas: { "1": schema },
  });
  if (status !== 201) throw new Error(`No event type: ${status} ${text}`);
  return name;
}

const message = (eventType: string, payload: object = {}, more: object = {}) =>
  send("POST", `/app/${app}/msg`, { eventType, payload, ...more });

describe("large schemas", () => {
  const fields = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, { type: "string" }]));
  const large = { type: "object", required: ["id"], properties: { ...fields, id: { type: "string" } } };

  test("a message is validated against a large schema, alone, in a batch and as a raw payload", async () => {
    const [strict, lenient] = [await makeType(large, "reject"), await makeType(large)];
    expect((await message(strict, { id: "é", f499: "x" })).json).toMatchObject({ payload: { id: "é", f499: "x" } });
    expect((await message(strict, { f499: "x" })).json).toEqual({ detail: [finding] });
    expect((await message(lenient, {})).json.warnings).toEqual([finding]);
    const raw = await message(lenient, {}, { transformationsParams: { rawPayload: "<xml/>" } });
    expect(raw.json.warnings).toMatchObject([
      { loc: ["body", "transformationsParams", "rawPayload"], type: "schema.json" },
    ]);
    const messages = [strict, lenient].map((eventType) => ({ eventType, payload: {} }));
    const { json } = await send("POST", `/app/${app}/msg/batch`, { messages });
    expect(json.data[0]).toMatchObject({ code: "validation_error" });
    expect(json.data[1].warnings).toEqual([finding]);
  });

  test("messages to 40 event types with large schemas are validated at once, also right after their schemas change", async () => {
    const names = await Promise.all(Array.from({ length: 40 }, (_, i) => makeType({ ...large, title: `v${i}` })));
    const warnings = async () =>
      (await Promise.all(names.map((name) => message(name)))).map(({ json }) => json.warnings);
    expect(await warnings()).toEqual(names.map(() => [finding]));
    const change = { schemas: { "1": { ...large, required: [] } } };
    await Promise.all(names.map((name) => send("PATCH", `/event-type/${name}`, change)));
    expect(await warnings()).toEqual(names.map(() => undefined));
  }, 60_000);
});
