import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { run } from "../support/binary.ts";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { startReceiver } from "../support/receiver.ts";
import { program, ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";
import { makeSource } from "../support/source.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const trigger = (args: readonly string[], more: { input?: string; token?: string } = {}) =>
  run(program, ["trigger", ...args], {
    ...more,
    env: { BOATHOOK_SERVER: server.url, BOATHOOK_TOKEN: more.token ?? ROOT_TOKEN },
  });

const linesOf = (stdout: string): string[] => stdout.trimEnd().split("\n");

async function makeEventType(schema?: object): Promise<string> {
  const name = freshUid("type").replaceAll("-", ".");
  const { status } = await send("POST", "/event-type", {
    ...{ name, description: name },
    ...(schema !== undefined && { schemas: { 1: schema } }),
  });
  expect(status).toBe(201);
  return name;
}

describe("boathook trigger --app", () => {
  const properties = { amount: { type: "integer" }, currency: { type: "string" } };
  const payloads: ReadonlyArray<readonly [name: string, schema: object | undefined, payload: unknown]> = [
    ["the first example in the schema", { type: "object", examples: [{ amount: 7 }, { amount: 8 }] }, { amount: 7 }],
    [
      "a payload that is generated from the schema",
      { type: "object", properties, required: ["amount", "currency"] },
      { amount: 0, currency: "text" },
    ],
    ["an empty object if there is no schema", undefined, {}],
  ];
  for (const [name, schema, payload] of payloads) {
    test(`the payload of trigger --app is ${name}`, async () => {
      const app = await makeApplication(send);
      const eventType = await makeEventType(schema);
      const { code, stdout, stderr } = await trigger(["--app", app, eventType]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const { json } = await send("GET", `/app/${app}/msg/${stdout.trim()}`);
      expect(json).toMatchObject({ eventType, payload });
    });
  }

  test("trigger sends the payload of --data byte for byte, from a file or from stdin", async () => {
    using dir = temporaryDirectory();
    await using receiver = startReceiver();
    const app = await makeApplication(send);
    await send("POST", `/app/${app}/endpoint`, { url: receiver.url });
    const exact = '{"b": 1.0, "a": 12345678901234567890}';
    writeFileSync(dir.file("payload.json"), exact);
    expect((await trigger(["--app", app, "any.type", "--data", dir.file("payload.json")])).code).toBe(0);
    expect((await trigger(["--app", app, "any.type", "--data", "-"], { input: exact })).code).toBe(0);
    const requests = await receiver.arrived(2);
    expect(requests.map(({ body }) => body.toString())).toEqual([exact, exact]);
  });

  test("trigger with an event type that does not exist exits with 1, unless there is a payload", async () => {
    const app = await makeApplication(send);
    const { code, stdout, stderr } = await trigger(["--app", app, "no.such"]);
    expect({ code, stdout, stderr }).toEqual({
      ...{ code: 1, stdout: "" },
      stderr: `Event type no.such does not exist on the server at ${server.url}. Create it, or give the payload with --data.\n`,
    });
    expect((await trigger(["--app", app, "no.such", "--data", "-"], { input: "{}" })).code).toBe(0);
  });

  test("trigger reports --data that is not JSON, not text or missing", async () => {
    using dir = temporaryDirectory();
    writeFileSync(dir.file("binary"), new Uint8Array([0xff, 0xfe]));
    const app = await makeApplication(send);
    for (const [file, input, expected] of [
      ["-", "{", "The data in stdin is not valid JSON.\n"],
      [dir.file("binary"), "", `The data in ${dir.file("binary")} is not UTF-8 text.\n`],
      [dir.file("none"), "", expect.stringMatching(/^The data in .*none cannot be read \(.*\)\.\n$/)],
    ] as const) {
      expect(await trigger(["--app", app, "a", "--data", file], { input })).toEqual({
        ...{ code: 1, stdout: "", stderr: expected },
      });
    }
  });

  test("trigger --count sends that many messages, and prints an id a line, or with --json a message", async () => {
    const app = await makeApplication(send);
    const eventType = await makeEventType();
    const plain = await trigger(["--app", app, eventType, "--count", "50"]);
    expect(new Set(linesOf(plain.stdout)).size).toBe(50);
    const json = await trigger(["--app", app, eventType, "--count", "3", "--rate", "100", "--json"]);
    for (const line of linesOf(json.stdout)) {
      expect(JSON.parse(line)).toMatchObject({ id: expect.stringMatching(/^msg_/), eventType, payload: {} });
    }
    const { json: list } = await send("GET", `/app/${app}/msg?limit=250`);
    expect(list.data).toHaveLength(53);
  });

  test("trigger exits with 1 and one sentence at the first refused message", async () => {
    const { code, stderr } = await trigger(["--app", "nobody", await makeEventType(), "--count", "100"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `Application nobody does not exist on the server at ${server.url}.\n`,
    });
    const token = await server.createToken("--read-only");
    const app = await makeApplication(send);
    const readOnly = await trigger(["--app", app, await makeEventType()], { token });
    expect(readOnly).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The server responded with 403: A read-/),
    });
  });
});

describe("boathook trigger --source --data", () => {
  test("trigger --source signs the body as the provider does", async () => {
    await using receiver = startReceiver();
    const source = await makeSource(send, receiver.url);
    const body = '{"id":"evt_own","type":"invoice.voided","n":1.0}';
    const { code, stdout } = await trigger(["--source", source.uid, "--data", "-", "--json"], { input: body });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ eventType: "invoice.voided", verification: "verified" });
    expect((await receiver.arrived(1))[0]!.body.toString()).toBe(body);
  });

  test("trigger reports a body that the source has already received as a duplicate", async () => {
    await using receiver = startReceiver();
    const source = await makeSource(send, receiver.url);
    const args = ["--source", source.uid, "--data", "-"];
    const input = '{"id":"evt_twice","type":"a"}';
    expect((await trigger(args, { input })).code).toBe(0);
    expect(await trigger(args, { input })).toEqual({
      ...{ code: 1, stdout: "" },
      stderr:
        "The server responded with 409: The source has already stored this request, or it is a handshake. Change the body.\n",
    });
  });

  test("text that is not JSON reaches a source whose provider sends any text", async () => {
    await using receiver = startReceiver();
    const source = await makeSource(send, receiver.url, { fields: { type: "generic-webhook", config: {} } });
    const input = "a=1&b=ü\u0000";
    expect((await trigger(["--source", source.uid, "--data", "-"], { input })).code).toBe(0);
    expect((await receiver.arrived(1))[0]!.body.toString()).toBe(input);
  });

  test("the API accepts a JSON value as the body of an example, and sends it byte for byte", async () => {
    await using receiver = startReceiver();
    const source = await makeSource(send, receiver.url, { fields: { type: "generic-webhook", config: {} } });
    const path = `/ingest/api/v1/source/${source.uid}/send-example`;
    expect((await send("POST", path, '{"body": {"n": 1.0, "big": 12345678901234567890}}')).status).toBe(202);
    expect((await receiver.arrived(1))[0]!.body.toString()).toBe('{"n": 1.0, "big": 12345678901234567890}');
  });

  test("trigger refuses a body for a source of type cron", async () => {
    const uid = freshUid("source");
    await send("POST", "/ingest/api/v1/source", {
      name: uid,
      uid,
      type: "cron",
      config: { schedule: "0 0 1 1 *", payload: "{}" },
    });
    const { code, stderr } = await trigger(["--source", uid, "--data", "-"], { input: "{}" });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "The server responded with 422: body: A source of type cron has its own payload.\n",
    });
  });
});
