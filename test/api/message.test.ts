import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
let app: string;
let messages: string;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
  app = await makeApplication(send);
  messages = `/app/${app}/msg`;
});
afterAll(() => server.stop());

const message = { eventType: "user.signup", payload: { a: 1 } };

describe("sending a message", () => {
  test("sending a message returns 202 with the message, even if no endpoint matches", async () => {
    const eventId = freshUid("event");
    const { status, json } = await send("POST", messages, { ...message, eventId, channels: ["c"], tags: ["t/1"] });
    expect(status).toBe(202);
    expect(json).toEqual({
      id: expect.stringMatching(/^msg_[A-Za-z0-9]{27}$/),
      eventType: "user.signup",
      eventId,
      payload: { a: 1 },
      channels: ["c"],
      tags: ["t/1"],
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      deliverAt: null,
    });
    expect((await send("GET", `${messages}/${eventId}`)).json).toEqual(json);
    expect((await send("GET", `${messages}/${json.id}`)).json).toEqual(json);
  });

  const verbatim = [
    '{"n":1.0,"big":12345678901234567890123,"e":1E5}',
    '{ "z" : 1 ,\n\t"a" : [ ] }',
    '{"a":"\\u00e9\\/","a":"é"}',
    '{"payload":{"payload":1},"data":"}{]["}',
    '{"é😀":"\\ud83d\\ude00"}',
  ];
  for (const payload of verbatim) {
    test(`the payload ${JSON.stringify(payload)} is stored and returned byte for byte`, async () => {
      const sent = await send("POST", messages, ` {"eventType":"a", "payload" : ${payload} , "x":{"payload":0}}`);
      expect(sent.status).toBe(202);
      expect(sent.text).toContain(`"payload":${payload},`);
      expect((await send("GET", `${messages}/${sent.json.id}`)).text).toBe(sent.text);
      expect((await send("GET", `${messages}?limit=1`)).text).toContain(`"payload":${payload},`);
    });
  }

  test("sending a message with both payload and data fails, even in a batch", async () => {
    const both = { eventType: "a", payload: { a: 1 }, data: { a: 1 } };
    const { status, json } = await send("POST", messages, both);
    expect([status, json.detail?.[0].loc]).toEqual([422, ["body", "data"]]);
    const raw = { ...both, transformationsParams: { rawPayload: "a" } };
    expect((await send("POST", messages, raw)).status).toBe(422);
    const batch = await send("POST", `${messages}/batch`, { messages: [both, message] });
    expect([batch.json.data[0].id, batch.json.data[1].id]).toEqual([undefined, expect.stringMatching(/^msg_/)]);
  });

  test("duplicate channels and tags of a message are stored once", async () => {
    const sent = { ...message, channels: ["b", "a", "b"], tags: ["t", "t"] };
    const { status, json } = await send("POST", messages, sent);
    expect(status).toBe(202);
    expect(json).toMatchObject({ channels: ["b", "a"], tags: ["t"] });
    expect((await send("GET", `${messages}/${json.id}`)).json).toEqual(json);
  });

  test("every field that the Svix API declares nullable may be null in a message", async () => {
    const names = [
      "eventId",
      "channels",
      "tags",
      "payloadRetentionHours",
      "application",
      "transformationsParams",
      "deliverAt",
    ];
    const nulls = Object.fromEntries([...names, "payloadRetentionPeriod"].map((name) => [name, null]));
    expect((await send("POST", messages, { ...message, ...nulls })).status).toBe(202);
  });

  test("a message is accepted regardless of the request's content type", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense"]) {
      expect((await send("POST", messages, message, { headers: { "content-type": type } })).status).toBe(202);
    }
  });

  test("data is an alias of payload", async () => {
    const { status, json } = await send("POST", messages, { eventType: "a", data: { b: 1 } });
    expect([status, json.payload]).toEqual([202, { b: 1 }]);
  });

  test("sending a message with with_content=false returns the message with an empty payload", async () => {
    const { json } = await send("POST", `${messages}?with_content=false`, message);
    expect(json.payload).toEqual({});
    expect((await send("GET", `${messages}/${json.id}?with_content=false`)).json.payload).toEqual({});
    expect((await send("GET", `${messages}?with_content=false&limit=1`)).json.data[0].payload).toEqual({});
    expect((await send("GET", `${messages}/${json.id}`)).json.payload).toEqual({ a: 1 });
  });

  test("sending a message with an eventId that the application has already used returns 409", async () => {
    const eventId = freshUid("event");
    expect((await send("POST", messages, { ...message, eventId })).status).toBe(202);
    const { status, json } = await send("POST", messages, { ...message, eventId });
    expect([status, json.code]).toEqual([409, "conflict"]);
    const other = await makeApplication(send);
    expect((await send("POST", `/app/${other}/msg`, { ...message, eventId })).status).toBe(202);
  });

  test("sending a message to an unknown application returns 404", async () => {
    const { status, json } = await send("POST", "/app/nope/msg", message);
    expect([status, json]).toEqual([404, { code: "not_found", detail: "Application not found" }]);
  });

  test("concurrent messages create a missing application only once", async () => {
    const uid = freshUid("auto");
    const body = { ...message, application: { name: "made", uid } };
    const answers = await Promise.all([1, 2, 3].map(() => send("POST", `/app/${uid}/msg`, body)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect((await send("GET", `/app/${uid}`)).json.name).toBe("made");
    expect((await send("GET", `/app/${uid}/msg`)).json.data).toHaveLength(3);
  });

  test("sending a message returns 422 if the uid in its application field is missing or differs from the path", async () => {
    const mismatch = await send("POST", "/app/x1/msg", { ...message, application: { name: "a", uid: "x2" } });
    expect([mismatch.status, mismatch.json.detail[0].type]).toEqual([422, "application_uid_mismatch"]);
    const missing = await send("POST", "/app/x1/msg", { ...message, application: { name: "a" } });
    expect([missing.status, missing.json.detail[0].type]).toEqual([422, "application_uid_missing"]);
  });

  const rejected: [string, object, string[]][] = [
    ["no event type", { eventType: undefined }, ["body", "eventType"]],
    ["an invalid event type", { eventType: "a b" }, ["body", "eventType"]],
    ["a null event type", { eventType: null }, ["body", "eventType"]],
    ["no payload", { payload: undefined }, ["body", "payload"]],
    ["a string payload", { payload: "a" }, ["body", "payload"]],
    ["an array payload", { payload: [] }, ["body", "payload"]],
    ["a null payload", { payload: null }, ["body", "payload"]],
    ["a slash in the eventId", { eventId: "a/b" }, ["body", "eventId"]],
    ["an eventId that looks like an id", { eventId: "msg_1" }, ["body", "eventId"]],
    ["a channel that is a number", { channels: [1] }, ["body", "channels", "[0]"]],
    ["eleven channels", { channels: [..."abcdefghijk"] }, ["body", "channels"]],
    ["six tags", { tags: [..."abcdef"] }, ["body", "tags"]],
    ["a space in a tag", { tags: ["a b"] }, ["body", "tags", "[0]"]],
    ["a retention of 0 days", { payloadRetentionPeriod: 0 }, ["body", "payloadRetentionPeriod"]],
    ["a retention of 91 days", { payloadRetentionPeriod: 91 }, ["body", "payloadRetentionPeriod"]],
    [
      "both retention fields",
      { payloadRetentionPeriod: 1, payloadRetentionHours: 1 },
      ["body", "payloadRetentionHours"],
    ],
    [
      "a reserved header",
      { transformationsParams: { rawPayload: "a", headers: { host: "a" } } },
      ["body", "transformationsParams", "headers"],
    ],
  ];
  for (const [what, fields, loc] of rejected) {
    test(`sending a message with ${what} returns 422 with the location of the error`, async () => {
      const { status, json } = await send("POST", messages, { ...message, ...fields });
      expect(status).toBe(422);
      expect(json.detail[0].loc).toEqual(loc);
    });
  }

  test("a raw payload that is not a JSON object is returned inside an object", async () => {
    const raw = (rawPayload: string) =>
      send("POST", messages, { ...message, payload: {}, transformationsParams: { rawPayload } });
    expect((await raw("<xml/>")).json.payload).toEqual({ rawPayload: "<xml/>" });
    expect((await raw("[1]")).json.payload).toEqual({ rawPayload: "[1]" });
    expect((await raw('{"b": 2.0}')).text).toContain('"payload":{"b": 2.0}');
  });
});

describe("deleting the payload of a message", () => {
  test("a deleted payload is returned as expired", async () => {
    const { json } = await send("POST", messages, message);
    expect((await send("DELETE", `${messages}/${json.id}/content`)).status).toBe(204);
    expect((await send("GET", `${messages}/${json.id}`)).json.payload).toEqual({ expired: true });
    expect((await send("DELETE", `${messages}/nope/content`)).status).toBe(404);
  });
});

describe("sending a batch", () => {
  test("a batch returns one result per message, in order, and an invalid message does not affect the others", async () => {
    const eventId = freshUid("event");
    const { status, json, text } = await send(
      "POST",
      `${messages}/batch`,
      `{"messages":[{"eventType":"a","payload":{"n":1.0}},{"eventType":"a b","payload":{}},
        {"eventType":"b","payload":{},"eventId":"${eventId}"},{"eventType":"b","payload":{},"eventId":"${eventId}"},7]}`,
    );
    expect(status).toBe(202);
    expect(text).toContain('"payload":{"n":1.0}');
    expect(json.data).toHaveLength(5);
    expect(json.data[0].id).toStartWith("msg_");
    expect(json.data[1]).toEqual({ code: "validation_error", detail: expect.stringContaining("eventType") });
    expect(json.data[2].eventId).toBe(eventId);
    expect(json.data[3].code).toBe("conflict");
    expect(json.data[4].code).toBe("validation_error");
    expect((await send("GET", `${messages}/${json.data[0].id}`)).status).toBe(200);
  });

  test("a batch may contain from one to a thousand messages", async () => {
    const many = (count: number) => ({
      messages: Array.from({ length: count }, () => ({ ...message, channels: ["x"] })),
    });
    const { status, json } = await send("POST", `${messages}/batch`, many(1000));
    expect([status, json.data.length]).toEqual([202, 1000]);
    expect(new Set(json.data.map(({ id }: { id: string }) => id)).size).toBe(1000);
    expect((await send("POST", `${messages}/batch`, many(1001))).status).toBe(422);
    expect((await send("POST", `${messages}/batch`, many(0))).status).toBe(422);
    expect((await send("POST", `${messages}/batch`, {})).status).toBe(422);
  });

  test("sending a batch to an unknown application returns 404", async () => {
    expect((await send("POST", "/app/nope/msg/batch", { messages: [message] })).status).toBe(404);
  });
});

describe("the list of messages", () => {
  let list: string;
  const ids: string[] = [];
  const times: string[] = [];
  const idsOf = async (query: string) =>
    (await send("GET", list + query)).json.data.map(({ id }: { id: string }) => id);

  beforeAll(async () => {
    list = `/app/${await makeApplication(send)}/msg`;
    const sent = [
      { eventType: "a", channels: ["x"] },
      { eventType: "b", tags: ["t"] },
      { eventType: "c", channels: ["x", "y"] },
      { eventType: "a" },
    ];
    for (const fields of sent) {
      const { json } = await send("POST", list, { payload: {}, ...fields });
      ids.push(json.id);
      times.push(json.timestamp);
      // Waits a millisecond, so that the next message has a later timestamp.
      while (new Date().toISOString() <= json.timestamp) await Bun.sleep(1);
    }
  });

  test("messages are listed newest first and can be paged in both directions", async () => {
    expect(await idsOf("")).toEqual(ids.toReversed());
    expect(await idsOf("?limit=2")).toEqual([ids[3]!, ids[2]!]);
    expect(await idsOf(`?limit=2&iterator=${ids[2]}`)).toEqual([ids[1]!, ids[0]!]);
    expect(await idsOf(`?limit=1&iterator=-${ids[1]}`)).toEqual([ids[2]!]);
  });

  test("messages can be filtered by event type in every query syntax", async () => {
    for (const query of [
      "?event_types=a,b",
      "?event_types=a&event_types=b",
      "?event_types[]=a&event_types[]=b",
      "?event_types[0]=a&event_types[1]=b",
      "?event_types%5B%5D=a&event_types%5B%5D=b",
    ]) {
      expect(await idsOf(query)).toEqual([ids[3]!, ids[1]!, ids[0]!]);
    }
  });

  test("messages can be filtered by channel and tag", async () => {
    expect(await idsOf("?channel=x")).toEqual([ids[2]!, ids[0]!]);
    expect(await idsOf("?tag=t")).toEqual([ids[1]!]);
  });

  test("messages can be filtered by time, and the bounds are exclusive", async () => {
    expect(await idsOf(`?before=${times[2]}`)).toEqual([ids[1]!, ids[0]!]);
    expect(await idsOf(`?after=${times[1]}`)).toEqual([ids[3]!, ids[2]!]);
    expect(await idsOf(`?after=${times[0]}&before=${times[3]}`)).toEqual([ids[2]!, ids[1]!]);
    const spaced = times[2]!.replace("T", " ").replace("Z", " UTC");
    expect(await idsOf(`?before=${encodeURIComponent(spaced)}`)).toEqual([ids[1]!, ids[0]!]);
  });

  test("a list of messages with only `after` starts at the oldest match", async () => {
    expect(await idsOf(`?after=${times[0]}&limit=2`)).toEqual([ids[2]!, ids[1]!]);
  });

  test("listing messages with an invalid timestamp returns 400", async () => {
    for (const query of ["?before=yesterday", "?after=2026-02-30T00:00:00Z", "?before=12"]) {
      expect((await send("GET", list + query)).status).toBe(400);
    }
  });

  test("messages of another application can be neither read nor listed", async () => {
    const other = await makeApplication(send);
    expect((await send("GET", `/app/${other}/msg/${ids[0]}`)).status).toBe(404);
    expect((await send("GET", `/app/${other}/msg`)).json.data).toEqual([]);
  });
});
