import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientOf, freshUid, makeApplication, type Send, sameAtOnce } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

const url = "https://example.com/webhook";
const secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
// The key pair of the ed25519 example in the Standard Webhooks specification.
const privateKey = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const publicKey = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

let server: TestServer;
let send: Send;
let app: string;
let endpoints: string;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
  app = await makeApplication(send);
  endpoints = `/app/${app}/endpoint`;
  for (const name of ["user.signup", "user.deleted"]) await send("POST", "/event-type", { name, description: "" });
});
afterAll(() => server.stop());

async function makeEndpoint(fields: object = {}): Promise<string> {
  const { status, json, text } = await send("POST", endpoints, { url, ...fields });
  if (status !== 201) throw new Error(text);
  return json.id;
}

const many = (count: number, bytesEach: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`h${i}`, "x".repeat(bytesEach)]));

describe("disabling an endpoint", () => {
  const stateOf = ({ disabled, disabledAt, disabledCause }: Record<string, unknown>) => ({
    ...{ disabled, disabledAt, disabledCause },
  });
  const ENABLED = { disabled: false, disabledAt: null, disabledCause: null };

  test("a request disables an endpoint manually, a second one changes nothing, and enabling it clears the cause", async () => {
    const { id } = (await send("POST", endpoints, { url })).json;
    const first = (await send("PATCH", `${endpoints}/${id}`, { disabled: true })).json;
    expect(stateOf(first)).toEqual({ disabled: true, disabledAt: first.updatedAt, disabledCause: "manual" });
    const again = (await send("PUT", `${endpoints}/${id}`, { url, disabled: true })).json;
    expect(stateOf(again)).toEqual(stateOf(first));
    expect(stateOf((await send("PATCH", `${endpoints}/${id}`, { disabled: false })).json)).toEqual(ENABLED);
  });

  test("a new endpoint can be disabled from the start", async () => {
    const made = (await send("POST", endpoints, { url, disabled: true })).json;
    expect(stateOf(made)).toEqual({ disabled: true, disabledAt: made.createdAt, disabledCause: "manual" });
  });

  test("a request cannot set the cause or the time", async () => {
    const fields = { url, disabledAt: "2020-01-01T00:00:00Z", disabledCause: "gone" };
    const { json, headers } = await send("POST", endpoints, fields);
    expect(stateOf(json)).toEqual(ENABLED);
    expect(headers.get("boathook-ignored")).toBe("disabledAt, disabledCause");
  });

  test("an endpoint that responds with 410 is disabled because it is gone", async () => {
    const receiver = `${server.url}/inbox/${freshUid("inbox")}?status=410`;
    const { id } = (await send("POST", endpoints, { url: receiver })).json;
    await send("POST", endpoints.replace("/endpoint", "/msg"), { eventType: "a.b", payload: {} });
    const gone = await until(
      async () => (await send("GET", `${endpoints}/${id}`)).json,
      ({ disabled }) => disabled === true,
    );
    expect(stateOf(gone)).toEqual({ disabled: true, disabledAt: expect.any(String), disabledCause: "gone" });
  });
});

describe("creating an endpoint", () => {
  test("creating an endpoint returns every field of both SDK versions and the fields that only Boathook has", async () => {
    const { status, json } = await send("POST", endpoints, { url: "HTTP://Example.COM" });
    expect(status).toBe(201);
    expect(json).toEqual({
      id: expect.stringMatching(/^ep_[A-Za-z0-9]{27}$/),
      uid: null,
      url: "http://example.com/",
      description: "",
      disabled: false,
      eventTypes: null,
      filterTypes: null,
      channels: null,
      metadata: {},
      throttleRate: null,
      rateLimit: null,
      version: 1,
      retrySchedule: null,
      timeoutMs: null,
      concurrency: null,
      ordering: "parallel",
      paused: false,
      auth: null,
      tls: null,
      filter: null,
      function: null,
      apiVersion: null,
      payloadMode: "full",
      batch: null,
      failingSince: null,
      disabledAt: null,
      disabledCause: null,
      verified: true,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      warnings: expect.any(Array),
    });
  });

  test("creating an endpoint stores every field that is sent", async () => {
    const sent = {
      uid: freshUid("ep"),
      url,
      description: "The shop",
      disabled: true,
      eventTypes: ["user.signup"],
      channels: ["a", "b:c+d"],
      metadata: { a: "b" },
      throttleRate: 10,
      version: 2,
      retrySchedule: ["5s", "5m", "0"],
      timeoutMs: 1000,
      concurrency: 4,
      ordering: "fifo",
      paused: true,
      filter: null,
      function: null,
      payloadMode: "reference",
      batch: { maxMessages: 7, maxWaitMs: 250 },
    };
    const { warnings: _, ...json } = (await send("POST", endpoints, sent)).json;
    expect(json).toMatchObject({ ...sent, filterTypes: sent.eventTypes, rateLimit: 10 });
    expect((await send("GET", `${endpoints}/${sent.uid}`)).json).toEqual(json);
  });

  test("filterTypes is an alias of eventTypes", async () => {
    const { json } = await send("POST", endpoints, { url, filterTypes: ["user.deleted"] });
    expect(json.eventTypes).toEqual(["user.deleted"]);
  });

  test("a request with both filterTypes and eventTypes returns 422, whatever their values", async () => {
    const id = await makeEndpoint({});
    for (const both of [
      { filterTypes: ["user.deleted"], eventTypes: ["user.deleted"] },
      { filterTypes: [], eventTypes: null },
    ]) {
      for (const [method, path] of [
        ["POST", endpoints],
        ["PUT", `${endpoints}/${id}`],
        ["PATCH", `${endpoints}/${id}`],
      ] as const) {
        const { status, json } = await send(method, path, { url, ...both });
        expect([method, status, json.detail?.[0].loc]).toEqual([method, 422, ["body", "filterTypes"]]);
      }
    }
  });

  test("an empty list of filterTypes means all event types, in every operation", async () => {
    const { json } = await send("POST", endpoints, { url, filterTypes: [] });
    expect(json).toMatchObject({ eventTypes: null, filterTypes: null });
    const one = `${endpoints}/${json.id}`;
    await send("PATCH", one, { eventTypes: ["user.deleted"] });
    expect((await send("PATCH", one, { filterTypes: [] })).json.eventTypes).toBeNull();
    expect((await send("PUT", one, { url, filterTypes: [] })).json.eventTypes).toBeNull();
  });

  test("every endpoint field that is nullable in the Svix API may be null in a POST, PUT or PATCH", async () => {
    const nulls = Object.fromEntries(
      ["uid", "eventTypes", "channels", "metadata", "throttleRate", "rateLimit", "version"].map((name) => [name, null]),
    );
    const created = await send("POST", endpoints, { url, ...nulls, secret: null, headers: null });
    expect(created.status).toBe(201);
    const one = `${endpoints}/${created.json.id}`;
    for (const sent of [nulls, { ...nulls, eventTypes: undefined, filterTypes: null }]) {
      expect((await send("PUT", one, { url, ...sent })).status).toBe(200);
      const { status, json } = await send("PATCH", one, sent);
      expect([status, json.version, json.metadata]).toEqual([200, 1, {}]);
    }
  });

  test("duplicate event types and channels of an endpoint are stored once", async () => {
    const twice = { eventTypes: ["user.signup", "user.deleted", "user.signup"], channels: ["a", "b", "a"] };
    const once = { eventTypes: ["user.signup", "user.deleted"], channels: ["a", "b"] };
    const { json } = await send("POST", endpoints, { url, ...twice });
    expect(json).toMatchObject(once);
    expect((await send("PATCH", `${endpoints}/${json.id}`, twice)).json).toMatchObject(once);
  });

  test("an endpoint may have a URL of 65,536 characters and a description of 5,000", async () => {
    const long = { url: "https://example.com/".padEnd(65_536, "x"), description: "d".repeat(5000) };
    const { status, json } = await send("POST", endpoints, long);
    expect(status).toBe(201);
    expect(json).toMatchObject(long);
    expect((await send("POST", endpoints, { url: `${long.url}x` })).status).toBe(422);
    expect((await send("POST", endpoints, { url, description: "d".repeat(65_537) })).status).toBe(422);
  });

  test("creating an endpoint with a uid that is already in use in its application returns 409", async () => {
    const uid = freshUid("ep");
    await makeEndpoint({ uid });
    expect((await send("POST", endpoints, { url, uid })).status).toBe(409);
    const other = await makeApplication(send);
    expect((await send("POST", `/app/${other}/endpoint`, { url, uid })).status).toBe(201);
  });

  const rejected: [string, object, string[]][] = [
    ["no url", { url: undefined }, ["body", "url"]],
    ["an invalid url", { url: "nope" }, ["body", "url"]],
    ["an empty url", { url: "" }, ["body", "url"]],
    ["a url with an unsupported scheme", { url: "ftp://example.com" }, ["body", "url"]],
    ["a file url", { url: "file:///etc/passwd" }, ["body", "url"]],
    ["a url that is a number", { url: 1 }, ["body", "url"]],
    ["a url without a host", { url: "http://" }, ["body", "url"]],
    ["a secret that is too short", { secret: "whsec_AAAA" }, ["body", "secret"]],
    ["a secret that is too long", { secret: `whsec_${"A".repeat(104)}` }, ["body", "secret"]],
    ["a secret without its prefix", { secret: secret.slice(6) }, ["body", "secret"]],
    ["a secret that is not base64", { secret: `whsec_${"*".repeat(32)}` }, ["body", "secret"]],
    ["a private key whose halves do not match", { secret: `whsk_${"A".repeat(86)}==` }, ["body", "secret"]],
    ["an event type that does not exist", { eventTypes: ["nope"] }, ["body", "eventTypes"]],
    ["an empty list of event types", { eventTypes: [] }, ["body", "eventTypes"]],
    ["1,001 event types", { eventTypes: Array.from({ length: 1001 }, (_, i) => `t${i}`) }, ["body", "eventTypes"]],
    ["an unpaired surrogate in the url", { url: "https://example.com/\ud800" }, ["body", "url"]],
    ["an unpaired surrogate in the description", { description: "\ud800" }, ["body", "description"]],
    ["a space in an event type", { eventTypes: ["a b"] }, ["body", "eventTypes", "[0]"]],
    ["eleven channels", { channels: [..."abcdefghijk"] }, ["body", "channels"]],
    ["an empty list of channels", { channels: [] }, ["body", "channels"]],
    ["a uid that looks like an id", { uid: "ep_1" }, ["body", "uid"]],
    ["a retry wait that is not a duration", { retrySchedule: ["soon"] }, ["body", "retrySchedule", "[0]"]],
    ["a retry wait that is a number", { retrySchedule: [5] }, ["body", "retrySchedule", "[0]"]],
    ["a retry wait of more than a year", { retrySchedule: ["366d"] }, ["body", "retrySchedule", "[0]"]],
    ["51 retry waits", { retrySchedule: Array(51).fill("1s") }, ["body", "retrySchedule"]],
    ["a timeout of 99 ms", { timeoutMs: 99 }, ["body", "timeoutMs"]],
    ["a timeout of more than ten minutes", { timeoutMs: 600_001 }, ["body", "timeoutMs"]],
    ["a concurrency of 0", { concurrency: 0 }, ["body", "concurrency"]],
    ["a concurrency that is not an integer", { concurrency: 1.5 }, ["body", "concurrency"]],
    ["an unknown ordering", { ordering: "random" }, ["body", "ordering"]],
    ["a `paused` that is a string", { paused: "true" }, ["body", "paused"]],
    ["an unknown field in the filter", { filter: { type: "a" } }, ["body", "filter", "type"]],
    ["a reserved header", { headers: { Host: "a" } }, ["body", "headers"]],
    ["a header that would replace the signature", { headers: { "Webhook-Signature": "a" } }, ["body", "headers"]],
    ["a connection header", { headers: { Expect: "100-continue" } }, ["body", "headers"]],
    ["20 kB of headers", { headers: many(5, 4000) }, ["body", "headers"]],
    ["a line break in a header", { headers: { a: "b\r\nc: d" } }, ["body", "headers"]],
  ];
  for (const [what, fields, loc] of rejected) {
    test(`creating an endpoint with ${what} returns 422 with the location of the error`, async () => {
      const { status, json } = await send("POST", endpoints, { url, ...fields });
      expect(status).toBe(422);
      expect(json.detail[0].loc).toEqual(loc);
    });
  }

  test("the error for an invalid secret does not contain the secret", async () => {
    expect((await send("POST", endpoints, { url, secret: "whsec_do-not-tell" })).text).not.toContain("do-not-tell");
  });

  test("creating an endpoint with an archived event type returns 422", async () => {
    await send("POST", "/event-type", { name: "old.type", description: "" });
    await send("DELETE", "/event-type/old.type");
    expect((await send("POST", endpoints, { url, eventTypes: ["old.type"] })).status).toBe(422);
  });

  test("creating an endpoint in an unknown application returns 404", async () => {
    expect((await send("POST", "/app/nope/endpoint", { url })).status).toBe(404);
  });
});

describe("changing an endpoint", () => {
  test("a PATCH changes only the endpoint fields that are sent, and null clears a field", async () => {
    const id = await makeEndpoint({ description: "a", throttleRate: 3, retrySchedule: ["1s"], channels: ["c"] });
    const { json } = await send("PATCH", `${endpoints}/${id}`, { throttleRate: null, channels: null, paused: true });
    expect(json).toMatchObject({ description: "a", throttleRate: null, channels: null, paused: true });
    expect(json.retrySchedule).toEqual(["1s"]);
    expect((await send("PATCH", `${endpoints}/${id}`, { retrySchedule: null })).json.retrySchedule).toBeNull();
  });

  test("a PUT to the id of an endpoint resets omitted fields and its uid but keeps its secret and headers", async () => {
    const id = await makeEndpoint({
      uid: freshUid("ep"),
      secret,
      headers: { "X-A": "1" },
      description: "a",
      paused: true,
    });
    const { status, json } = await send("PUT", `${endpoints}/${id}`, { url: "https://example.org/" });
    expect(status).toBe(200);
    expect(json).toMatchObject({ url: "https://example.org/", description: "", paused: false });
    expect(json.uid).toBeNull();
    expect((await send("GET", `${endpoints}/${id}/secret`)).json).toEqual({ key: secret });
    expect((await send("GET", `${endpoints}/${id}/headers`)).json.headers).toEqual({ "X-A": "1" });
  });

  test("a PUT to an unknown endpoint uid creates an endpoint, and a PUT to an unknown id returns 404", async () => {
    const uid = freshUid("ep");
    const { status, json } = await send("PUT", `${endpoints}/${uid}`, { url });
    expect([status, json.uid]).toEqual([201, uid]);
    expect((await send("PUT", `${endpoints}/ep_17MeGibBYAlEAyJrb2g70ismFAs`, { url })).status).toBe(404);
  });

  test("a PUT to the uid of an endpoint keeps the uid", async () => {
    const uid = freshUid("ep");
    const id = await makeEndpoint({ uid });
    expect((await send("PUT", `${endpoints}/${uid}`, { url })).json).toMatchObject({ id, uid });
  });

  test("a PUT ignores the secret and headers of an endpoint, even if it creates the endpoint", async () => {
    const uid = freshUid();
    const sent = { url, headers: { "webhook-signature": "v1,forged" }, secret: 7 };
    expect((await send("PUT", `${endpoints}/${uid}`, sent)).status).toBe(201);
    expect((await send("GET", `${endpoints}/${uid}/headers`)).json.headers).toEqual({});
    expect((await send("GET", `${endpoints}/${uid}/secret`)).json.key).toStartWith("whsec_");
  });

  test("concurrent PUTs to an unknown uid create one endpoint, and the later ones replace its fields", async () => {
    for (let round = 0; round < 20; round++) {
      const uid = freshUid("ep");
      const { 201: made = [], 200: replaced = [] } = await sameAtOnce(() =>
        send("PUT", `${endpoints}/${uid}`, { url }),
      );
      expect([made.length, replaced.length]).toEqual([1, 9]);
      for (const { json } of replaced) expect(json.id).toBe(made[0]!.json.id);
    }
  });

  test("a PUT that sets the uid of another endpoint returns 409", async () => {
    const uid = freshUid("ep");
    await makeEndpoint({ uid });
    expect((await send("PUT", `${endpoints}/${freshUid("ep")}`, { url, uid })).status).toBe(409);
  });

  test("changing an endpoint to invalid values returns 422", async () => {
    const id = await makeEndpoint();
    expect((await send("PATCH", `${endpoints}/${id}`, { url: "ftp://a" })).status).toBe(422);
    expect((await send("PUT", `${endpoints}/${id}`, { url, eventTypes: ["nope"] })).status).toBe(422);
    expect((await send("PATCH", `${endpoints}/${id}`, { url: null })).status).toBe(422);
  });

  test("concurrent PATCHes of an endpoint and its headers are all applied", async () => {
    const id = await makeEndpoint();
    await Promise.all([
      send("PATCH", `${endpoints}/${id}`, { description: "d" }),
      send("PATCH", `${endpoints}/${id}`, { throttleRate: 5 }),
      send("PATCH", `${endpoints}/${id}/headers`, { headers: { "X-A": "1" } }),
      send("PATCH", `${endpoints}/${id}/headers`, { headers: { "X-B": "2" } }),
    ]);
    expect((await send("GET", `${endpoints}/${id}`)).json).toMatchObject({ description: "d", throttleRate: 5 });
    expect((await send("GET", `${endpoints}/${id}/headers`)).json.headers).toEqual({ "X-A": "1", "X-B": "2" });
  });

  test("deleting an endpoint removes it and frees its uid", async () => {
    const uid = freshUid("ep");
    await makeEndpoint({ uid });
    expect((await send("DELETE", `${endpoints}/${uid}`)).status).toBe(204);
    expect((await send("GET", `${endpoints}/${uid}`)).status).toBe(404);
    expect((await send("DELETE", `${endpoints}/${uid}`)).status).toBe(404);
    await makeEndpoint({ uid });
  });

  test("reading, changing or deleting an endpoint under the path of another application returns 404", async () => {
    const id = await makeEndpoint();
    const other = await makeApplication(send);
    for (const method of ["GET", "DELETE"]) {
      expect((await send(method, `/app/${other}/endpoint/${id}`)).status).toBe(404);
    }
    expect((await send("PATCH", `/app/${other}/endpoint/${id}`, { paused: true })).status).toBe(404);
  });
});

describe("endpoint secrets", () => {
  test("an endpoint created without a secret gets a generated one", async () => {
    const id = await makeEndpoint();
    const { json } = await send("GET", `${endpoints}/${id}/secret`);
    expect(json.key).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/);
  });

  test("reading an ed25519 secret returns only the public key", async () => {
    const id = await makeEndpoint({ secret: privateKey });
    expect((await send("GET", `${endpoints}/${id}/secret`)).json).toEqual({ key: publicKey });
  });

  test("rotating a secret replaces it with the given one or a generated one", async () => {
    const id = await makeEndpoint();
    const given = await send("POST", `${endpoints}/${id}/secret/rotate`, { key: secret, gracePeriodSeconds: 60 });
    expect([given.status, given.text]).toEqual([204, ""]);
    expect((await send("GET", `${endpoints}/${id}/secret`)).json.key).toBe(secret);
    expect((await send("POST", `${endpoints}/${id}/secret/rotate`)).status).toBe(204);
    expect((await send("GET", `${endpoints}/${id}/secret`)).json.key).not.toBe(secret);
  });

  test("rotating a secret returns the new secret only to SDKs from version 2.7", async () => {
    const rotate = async (userAgent: string, fields: object = {}) => {
      const id = await makeEndpoint();
      const headers = { "user-agent": userAgent };
      const { status, text } = await send("POST", `${endpoints}/${id}/secret/rotate`, fields, { headers });
      return { status, text, current: (await send("GET", `${endpoints}/${id}/secret`)).text };
    };
    for (const version of ["2.7.0", "2.10.3", "3.0.0-beta.1"]) {
      const { status, text, current } = await rotate(`svix-libs/${version}/python python/3.12`);
      expect([version, status, text]).toEqual([version, 200, current]);
    }
    const asymmetric = await rotate("svix-libs/2.9.1/rust", { key: privateKey });
    expect(JSON.parse(asymmetric.text)).toEqual({ key: publicKey });
    for (const other of ["svix-libs/2.6.2/python", "svix-libs/1.99.1/kotlin", "curl/8.9 svix-libs/2.9.1", ""]) {
      const { status, text } = await rotate(other);
      expect([other, status, text]).toEqual([other, 204, ""]);
    }
  });

  test("an eleventh rotation while ten old secrets are still valid returns 400", async () => {
    const id = await makeEndpoint();
    const rotate = () => send("POST", `${endpoints}/${id}/secret/rotate`, {});
    for (let i = 0; i < 10; i++) expect((await rotate()).status).toBe(204);
    const refused = await rotate();
    expect([refused.status, refused.json.code]).toEqual([400, "limit_reached"]);
  });

  test("rotating with an invalid secret or grace period returns 422", async () => {
    const id = await makeEndpoint();
    for (const body of [{ key: "whsec_short" }, { gracePeriodSeconds: -1 }, { gracePeriodSeconds: 604_801 }]) {
      expect((await send("POST", `${endpoints}/${id}/secret/rotate`, body)).status).toBe(422);
    }
  });
});

describe("endpoint headers", () => {
  test("endpoint headers are replaced, patched and deleted by name, ignoring case", async () => {
    const id = await makeEndpoint({ headers: { "X-One": "1" } });
    const headers = `${endpoints}/${id}/headers`;
    expect((await send("PUT", headers, { headers: { "X-Two": "2", "X-Three": "3" } })).status).toBe(204);
    expect((await send("GET", headers)).json).toEqual({ headers: { "X-Two": "2", "X-Three": "3" }, sensitive: [] });
    await send("PATCH", headers, { headers: { "x-two": "22", "X-Four": "4", "x-three": null } });
    expect((await send("GET", headers)).json.headers).toEqual({ "x-two": "22", "X-Four": "4" });
    await send("PATCH", headers, { headers: {}, deleteHeaders: ["X-TWO"] });
    expect((await send("GET", headers)).json.headers).toEqual({ "X-Four": "4" });
  });

  test("reading endpoint headers returns only the names of sensitive headers", async () => {
    const id = await makeEndpoint({ headers: { Authorization: "Bearer x", "X-API-Key": "y", "X-A": "1" } });
    const { json } = await send("GET", `${endpoints}/${id}/headers`);
    expect(json).toEqual({ headers: { "X-A": "1" }, sensitive: ["Authorization", "X-API-Key"] });
  });

  test("setting invalid endpoint headers by PUT or PATCH returns 422", async () => {
    const headers = `${endpoints}/${await makeEndpoint()}/headers`;
    for (const sent of [
      { "Content-Type": "a" },
      { "a b": "c" },
      { a: "ü" },
      { "x-svix-a": "b" },
      { a: 1 },
      { a: "1", A: "2" },
      { expect: "100-continue" },
      many(101, 10),
      many(5, 4000),
    ]) {
      expect((await send("PUT", headers, { headers: sent })).status).toBe(422);
      expect((await send("PATCH", headers, { headers: sent })).status).toBe(422);
    }
    expect((await send("PUT", headers, {})).status).toBe(422);
  });

  test("a PATCH that would exceed the maximum total size of an endpoint's headers returns 422", async () => {
    const headers = `${endpoints}/${await makeEndpoint({ headers: many(3, 4000) })}/headers`;
    const { status, json } = await send("PATCH", headers, { headers: { a: "x".repeat(4000), b: "x".repeat(4000) } });
    expect([status, json.detail[0].loc]).toEqual([422, ["body", "headers"]]);
    expect((await send("PATCH", headers, { headers: { a: "x".repeat(4000), h1: null } })).status).toBe(204);
  });
});

test("endpoints are listed newest first by default and can be paged", async () => {
  const list = `/app/${await makeApplication(send)}/endpoint`;
  const made: string[] = [];
  for (let i = 0; i < 3; i++) made.push((await send("POST", list, { url })).json.id);
  const idsOf = async (query: string) =>
    (await send("GET", list + query)).json.data.map(({ id }: { id: string }) => id);
  expect(await idsOf("")).toEqual(made.toReversed());
  expect(await idsOf("?order=ascending&limit=2")).toEqual(made.slice(0, 2));
  expect(await idsOf(`?iterator=${made[1]}`)).toEqual([made[0]!]);
  expect(await idsOf(`?iterator=-${made[1]}`)).toEqual([made[2]!]);
});

test("creating an endpoint with an http URL returns 422 if https-only is set", async () => {
  const strict = await startServer(["--https-only"]);
  try {
    const sendThere = clientOf(strict.url);
    const list = `/app/${await makeApplication(sendThere)}/endpoint`;
    expect((await sendThere("POST", list, { url: "http://example.com" })).status).toBe(422);
    expect((await sendThere("POST", list, { url })).status).toBe(201);
  } finally {
    await strict.stop();
  }
});
