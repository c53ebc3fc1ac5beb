import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { type Answer, clientOf, freshUid, type Send, sameAtOnce } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

const SOURCES = "/ingest/api/v1/source";
const stripe = { name: "Shop", type: "stripe", config: { secret: "whsec_test_only" } };

async function makeSource(settings: object = {}): Promise<Answer["json"]> {
  const { status, json, text } = await send("POST", SOURCES, { ...stripe, uid: freshUid("source"), ...settings });
  if (status !== 201) throw new Error(`The source was not created: ${status} ${text}`);
  return json;
}

/** Returns the places and messages of a 422. */
function findingsOf({ status, json }: Answer): readonly (readonly [string, string])[] {
  expect(status).toBe(422);
  return json.detail.map(({ loc, msg }: { loc: string[]; msg: string }) => [loc.join("."), msg]);
}

function signed(body: string, secret = "whsec_test_only"): Record<string, string> {
  const time = Math.floor(Date.now() / 1000);
  return { "stripe-signature": `t=${time},v1=${createHmac("sha256", secret).update(`${time}.${body}`).digest("hex")}` };
}

const knock = (url: string, init: RequestInit = {}) => fetch(url, { method: "POST", body: "{}", ...init });

describe("a disabled source", () => {
  test("responds with 404 at its URL at once, sends no examples, and receives again when it is enabled", async () => {
    const { id, ingestUrl } = await makeSource();
    const arrive = () => knock(ingestUrl, { headers: signed("{}") }).then(({ status }) => status);
    expect(await arrive()).toBe(200);
    const changed = await send("PATCH", `${SOURCES}/${id}`, { disabled: true });
    expect([changed.status, changed.json.disabled]).toEqual([200, true]);
    expect(await arrive()).toBe(404);
    const example = await send("POST", `${SOURCES}/${id}/send-example`);
    expect([example.status, example.json.code]).toEqual([422, "source_disabled"]);
    await send("PATCH", `${SOURCES}/${id}`, { disabled: false });
    expect(await arrive()).toBe(200);
  });
});

describe("creating a source", () => {
  test("absent fields have their defaults, and the secret is not shown", async () => {
    const made = await makeSource({ uid: null });
    expect(made).toMatchObject({
      ...{ uid: null, name: "Shop", type: "stripe", provider: "stripe", config: { secret: "[set]" } },
      ...{ verification: "enforce", answer: null, eventType: null, ingestRate: null, metadata: {} },
      deduplicate: { by: "delivery-id", windowSeconds: 86_400 },
      ingestUrl: expect.stringMatching(new RegExp(`^${server.url}/in/[\\w-]{20,}$`)),
    });
    expect(made.id).toMatch(/^src_[0-9A-Za-z]{27}$/);
  });

  const REFUSED: readonly (readonly [name: string, settings: object, loc: string, msg: string])[] = [
    ["an unknown type", { type: "strpie" }, "body.type", "`stripe`"],
    ["no type", { type: undefined }, "body.type", "This field is required."],
    ["a type of the wrong kind", { type: 7 }, "body.type", "Expected string"],
    ["no name", { name: undefined }, "body.name", "This field is required."],
    ["no secret", { config: {} }, "body.config.secret", "Required"],
    ["an empty secret", { config: { secret: "" } }, "body.config.secret", "Required"],
    ["a secret of the wrong kind", { config: { secret: { a: 1 } } }, "body.config.secret", "Must be a string."],
    ["a configuration that is a list", { config: [] }, "body.config", "Expected object"],
    ["an unknown mode", { verification: "maybe" }, "body.verification", "enforce"],
    ["a path with an error", { eventType: "$.a[" }, "body.eventType", ""],
    ["a rate of zero", { ingestRate: 0 }, "body.ingestRate", ""],
    ["a status that is an error", { answer: { status: 500 } }, "body.answer.status", ""],
    ["a window of zero", { deduplicate: { by: "body", windowSeconds: 0 } }, "body.deduplicate.windowSeconds", ""],
    ["a duplicate key with an error", { deduplicate: { by: "$..x" } }, "body.deduplicate.by", ""],
    ["a uid of dots", { uid: ".." }, "body.uid", ""],
    ["a uid like an id", { uid: "src_0KfxFXFUH4hEMq0Y8gpRxcT2bSr" }, "body.uid", ""],
    [
      "a tolerance of the wrong kind",
      { config: { secret: "x", toleranceSeconds: "5" } },
      "body.config.toleranceSeconds",
      "",
    ],
  ];
  for (const [name, settings, loc, msg] of REFUSED) {
    test(`a source with ${name} is refused with 422 at ${loc}`, async () => {
      const findings = findingsOf(await send("POST", SOURCES, { ...stripe, ...settings }));
      const found = findings.find(([place]) => place === loc);
      expect(found ?? findings).toEqual([loc, expect.stringContaining(msg)]);
    });
  }

  test("without a check no secret is needed", async () => {
    expect(await makeSource({ config: {}, verification: "off" })).toMatchObject({ verification: "off", config: {} });
  });

  test("github without a secret is answered as not verified", async () => {
    expect(await makeSource({ type: "github", config: {} })).toMatchObject({ verification: "off" });
  });

  test("an alias keeps its name and behaves like its provider", async () => {
    const config = { secret: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3" };
    expect(await makeSource({ type: "open-ai", config })).toMatchObject({ type: "open-ai", provider: "openai" });
  });

  test("a taken uid is refused with 409, and one of two concurrent creations wins", async () => {
    const uid = freshUid("source");
    const answers = await sameAtOnce(() => send("POST", SOURCES, { ...stripe, uid }));
    expect([answers[201]?.length, answers[409]?.length]).toEqual([1, 9]);
  });

  test("unknown fields are named in a header", async () => {
    const { status, headers } = await send("POST", SOURCES, { ...stripe, verificaton: "off" });
    expect([status, headers.get("boathook-ignored")]).toEqual([201, "verificaton"]);
  });
});

describe("changing a source", () => {
  test("a PATCH changes only what it contains, merges the configuration and keeps [set]", async () => {
    const { id } = await makeSource({ config: { secret: "one", toleranceSeconds: 60 } });
    const { status, json } = await send("PATCH", `${SOURCES}/${id}`, {
      name: "Renamed",
      config: { secret: "[set]", toleranceSeconds: null },
    });
    expect([status, json]).toEqual([200, expect.objectContaining({ name: "Renamed", config: { secret: "[set]" } })]);
    const body = '{"id":"evt_patch"}';
    expect((await knock(json.ingestUrl, { body, headers: signed(body, "one") })).status).toBe(200);
  });

  test("the headers of an endpoint of a source can be set and removed one by one", async () => {
    const { id } = await makeSource();
    const endpoints = `${SOURCES}/${id}/endpoint`;
    const { json: endpoint } = await send("POST", endpoints, { url: "https://hook.example/", headers: { "X-A": "1" } });
    const path = `${endpoints}/${endpoint.id}/headers`;
    expect((await send("PATCH", path, { headers: { "X-B": "2" }, deleteHeaders: ["x-a"] })).status).toBe(204);
    expect((await send("GET", path)).json).toEqual({ headers: { "X-B": "2" }, sensitive: [] });
  });

  test("a PUT replaces all fields, keeps the URL, and [set] keeps the secret", async () => {
    const { uid, ingestUrl } = await makeSource({ ingestRate: 5, metadata: { a: "1" } });
    const put = { name: "Shop", type: "stripe", config: { secret: "[set]" } };
    const { status, json } = await send("PUT", `${SOURCES}/${uid}`, put);
    expect(status).toBe(200);
    expect(json).toMatchObject({ uid, ingestUrl, ingestRate: null, metadata: {} });
    const body = '{"id":"evt_put"}';
    expect((await knock(ingestUrl, { body, headers: signed(body) })).status).toBe(200);
  });

  test("a PUT to an unknown id is refused with 404, because an id cannot be chosen", async () => {
    expect((await send("PUT", `${SOURCES}/src_0KfxFXFUH4hEMq0Y8gpRxcT2bSr`, stripe)).status).toBe(404);
  });

  test("the type cannot be changed", async () => {
    const { id } = await makeSource();
    for (const method of ["PUT", "PATCH"]) {
      const findings = findingsOf(await send(method, `${SOURCES}/${id}`, { ...stripe, type: "github" }));
      expect(findings.map(([loc]) => loc)).toContain("body.type");
    }
  });

  test("a changed secret is in force for the next request", async () => {
    const { id, ingestUrl } = await makeSource();
    await send("PATCH", `${SOURCES}/${id}`, { config: { secret: "whsec_new" } });
    const body = '{"id":"evt_new"}';
    expect((await knock(ingestUrl, { body, headers: signed(body) })).status).toBe(401);
    expect((await knock(ingestUrl, { body, headers: signed(body, "whsec_new") })).status).toBe(200);
  });

  test("a deleted source is 404 with its URL and its application, and its uid is free", async () => {
    const { id, uid, appId, ingestUrl } = await makeSource();
    expect((await send("DELETE", `${SOURCES}/${id}/`)).status).toBe(404);
    expect((await send("DELETE", `${SOURCES}/${id}`)).status).toBe(204);
    expect((await knock(ingestUrl)).status).toBe(404);
    for (const path of [`${SOURCES}/${id}`, `${SOURCES}/${uid}`, `/app/${appId}/msg`]) {
      expect([path, (await send("GET", path)).status]).toEqual([path, 404]);
    }
    await makeSource({ uid });
  });
});

describe("the URL of a source", () => {
  const rotate = (id: string, body: object = {}) => send("POST", `${SOURCES}/${id}/token/rotate`, body);

  test("earlier URLs stay valid until a rotation without a grace period", async () => {
    const { id, ingestUrl } = await makeSource({ type: "generic-webhook", config: {} });
    const second = (await rotate(id)).json.ingestUrl;
    expect((await knock(ingestUrl)).status).toBe(200);
    const third = (await rotate(id, { gracePeriodSeconds: 0 })).json.ingestUrl;
    expect(await Promise.all([ingestUrl, second, third].map(async (url) => (await knock(url)).status))).toEqual([
      ...[404, 404, 200],
    ]);
  });

  test("a fourth rotation within 48 hours is refused with 400, but never one without a grace period", async () => {
    const { id } = await makeSource();
    for (let i = 0; i < 3; i++) expect((await rotate(id)).status).toBe(200);
    expect(await rotate(id)).toMatchObject({ status: 400, json: { code: "limit_reached" } });
    expect((await rotate(id, { gracePeriodSeconds: 0 })).status).toBe(200);
  });

  test("a grace period beyond 48 hours is refused with 422", async () => {
    const { id } = await makeSource();
    expect(findingsOf(await rotate(id, { gracePeriodSeconds: 172_801 }))[0]?.[0]).toBe("body.gracePeriodSeconds");
  });

  test("a source of type cron has no URL to rotate", async () => {
    const config = { schedule: "0 0 1 1 *", payload: "{}" };
    const { id, ingestUrl } = await makeSource({ type: "cron", config });
    expect(ingestUrl).toBeNull();
    expect(await rotate(id)).toMatchObject({ status: 422, json: { code: "no_token" } });
  });
});

describe("received messages", () => {
  /** Sends a request to a new source without a check, and returns its message. */
  async function received(init: RequestInit, suffix = "") {
    const { ingestUrl, appId, id } = await makeSource({ type: "generic-webhook", config: {} });
    expect((await knock(`${ingestUrl}${suffix}`, init)).status).toBe(200);
    const { json } = await send("GET", `/app/${appId}/msg`);
    const raw = await send("GET", `/app/${appId}/msg/${json.data[0].id}/raw`);
    return { sourceId: id, appId, message: json.data[0], raw };
  }

  test("a message has the method, the path, the headers and the state of its request", async () => {
    const headers = { "x-kind": "a", "content-type": "application/json", "user-agent": "tests" };
    const { sourceId, message } = await received({ method: "PUT", body: '{"a": 1.0}', headers }, "/orders/%2F?x=1&x=2");
    expect(message).toMatchObject({
      ...{ sourceId, method: "PUT", path: "/orders/%2F?x=1&x=2" },
      ...{ verification: "unattempted", verificationCause: null, eventType: "generic-webhook.received" },
      ...{ payload: { a: 1 }, headers },
    });
  });

  test("a body that is JSON but no object is the payload", async () => {
    expect((await received({ body: "[1, 2]" })).message.payload).toEqual([1, 2]);
  });

  const BODIES: readonly (readonly [
    name: string,
    body: string | Uint8Array<ArrayBuffer>,
    type: string,
    field: object,
  ])[] = [
    ["XML", "<a>ä</a>", "application/xml", { payloadText: "<a>ä</a>" }],
    ["a form", "a=1&b=%20", "application/x-www-form-urlencoded", { payloadText: "a=1&b=%20" }],
    ["nothing", "", "text/plain", { payloadText: "" }],
    ["invalid UTF-8", new Uint8Array([0xff, 0x00, 0x7b]), "application/octet-stream", { payloadBase64: "/wB7" }],
    ["a byte order mark", "\uFEFF{}", "application/json", { payloadText: "\uFEFF{}" }],
  ];
  for (const [name, body, type, field] of BODIES) {
    test(`a body of ${name} is not lost: its payload is null, and its bytes are at /raw`, async () => {
      const { message, raw, appId } = await received({ body, headers: { "content-type": type } });
      expect(message).toMatchObject({ payload: null, ...field });
      expect(raw.headers.get("content-type")).toBe(type);
      const url = `${server.url}/api/v1/app/${appId}/msg/${message.id}/raw`;
      const response = await fetch(url, { headers: { authorization: `Bearer root-token-of-the-tests-0123456789` } });
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(new Uint8Array(Buffer.from(body)));
    });
  }

  test("a page in a body cannot run as a page of this server", async () => {
    const { raw } = await received({ body: "<script>1</script>", headers: { "content-type": "text/html" } });
    expect(raw.headers.get("content-security-policy")).toContain("sandbox");
    expect(raw.headers.get("x-content-type-options")).toBe("nosniff");
    expect(raw.headers.get("content-disposition")).toBe("attachment");
  });

  test("the application behind a source is not listed, and messages cannot be sent to it", async () => {
    const { appId } = await makeSource();
    const { json } = await send("GET", "/app?limit=250");
    expect(json.data.map(({ id }: { id: string }) => id)).not.toContain(appId);
    expect((await send("POST", `/app/${appId}/msg`, { eventType: "a", payload: {} })).status).toBe(404);
    expect((await send("DELETE", `/app/${appId}`)).status).toBe(404);
  });

  test("an endpoint may subscribe to event types that the environment does not know", async () => {
    const { id, appId } = await makeSource();
    const fields = { url: "https://example.com/", eventTypes: ["charge.succeeded"] };
    const made = await send("POST", `${SOURCES}/${id}/endpoint`, fields);
    expect(made.status).toBe(201);
    const path = `/app/${appId}/endpoint/${made.json.id}`;
    expect((await send("PATCH", path, { eventTypes: ["charge.failed"] })).status).toBe(200);
    expect((await send("GET", `${SOURCES}/${id}/endpoint/${made.json.id}`)).json.eventTypes).toEqual(["charge.failed"]);
  });

  test("a dead letter of a source names the source", async () => {
    const { id, ingestUrl, appId } = await makeSource({ type: "generic-webhook", config: {} });
    await send("POST", `${SOURCES}/${id}/endpoint`, { url: "http://127.0.0.1:1/" });
    await knock(ingestUrl);
    const letters = await until(
      async () => (await send("GET", `/app/${appId}/dead-letter`)).json.data,
      (found) => found.length === 1,
    );
    expect(letters[0]).toMatchObject({ appId, sourceId: id });
  });
});

describe("the log of a source", () => {
  test("a refused request is in the log with its cause, and the counts say what happened", async () => {
    const { id, ingestUrl } = await makeSource();
    await knock(`${ingestUrl}/hooks?a=1`, { body: "\xff {}" });
    await knock(ingestUrl, { headers: signed("other") });
    const { json } = await send("GET", `${SOURCES}/${id}/log`);
    expect(json.data.map(({ cause }: { cause: string }) => cause)).toEqual(["signature_mismatch", "missing_signature"]);
    expect(json.data[1]).toMatchObject({
      ...{
        source_id: id,
        status_code: 401,
        method: "POST",
        path: "/hooks?a=1",
        address: "127.0.0.1",
        payload: "\xff {}",
      },
    });
    expect((await send("GET", `${SOURCES}/${id}`)).json.counts).toEqual({
      ...{ stored: 0, duplicate: 0, refused: 2, limited: 0, handshake: 0 },
    });
  });

  test("the log is read in pages", async () => {
    const { id, ingestUrl } = await makeSource();
    for (let i = 0; i < 3; i++) await knock(ingestUrl);
    const first = (await send("GET", `${SOURCES}/${id}/log?limit=2`)).json;
    const second = (await send("GET", `${SOURCES}/${id}/log?limit=2&iterator=${first.iterator}`)).json;
    expect([first.data.length, first.done, second.data.length, second.done]).toEqual([2, false, 1, true]);
    expect((await send("GET", `${SOURCES}/${id}/log?iterator=${id}`)).status).toBe(422);
  });

  test("a single entry is found only in the log of its own source", async () => {
    const { id, ingestUrl } = await makeSource();
    for (let i = 0; i < 3; i++) await knock(ingestUrl, { body: `{"i":${i}}` });
    const { data } = (await send("GET", `${SOURCES}/${id}/log`)).json;
    for (const entry of data) {
      const { status, json } = await send("GET", `${SOURCES}/${id}/log/${entry.id}`);
      expect([status, json]).toEqual([200, entry]);
    }
    const other = await makeSource();
    await knock(other.ingestUrl);
    for (const wrong of [`${other.id}/log/${data[1].id}`, `${id}/log/${id}`, `${id}/log/log_x`]) {
      expect([wrong, (await send("GET", `${SOURCES}/${wrong}`)).status]).toEqual([wrong, 404]);
    }
  });
});

describe("the list of sources", () => {
  test("it contains the counts of the requests only on request", async () => {
    const { id, ingestUrl } = await makeSource();
    await knock(ingestUrl);
    const inList = async (query: string) => {
      const { json } = await send("GET", `${SOURCES}?limit=250${query}`);
      return json.data.find((source: { id: string }) => source.id === id);
    };
    expect((await inList("&with_counts=true")).counts).toMatchObject({ stored: 0, refused: 1 });
    for (const query of ["", "&with_counts=false"]) expect(await inList(query)).not.toHaveProperty("counts");
  });
});

describe("the portal of a source", () => {
  async function portal(readOnly: boolean) {
    const source = await makeSource();
    const { json } = await send("POST", `${SOURCES}/${source.id}/dashboard`, { readOnly, expiry: 3600 });
    return { source, token: json.token as string, url: json.url as string };
  }

  test("its token reads its own source, endpoints, messages and log, and changes endpoints", async () => {
    const { source, token, url } = await portal(false);
    expect(url).toStartWith(`${server.url}/portal/#key=`);
    const base = `${SOURCES}/${source.uid}`;
    for (const path of [base, `${base}/endpoint`, `${base}/log`, `/app/${source.appId}/msg`]) {
      expect([path, (await send("GET", path, undefined, { token })).status]).toEqual([path, 200]);
    }
    const made = await send("POST", `${base}/endpoint`, { url: "https://example.com/" }, { token });
    expect(made.status).toBe(201);
  });

  test("its token changes neither the source nor its URL, and sees no other source", async () => {
    const { source, token } = await portal(false);
    const other = await makeSource();
    const status = async (method: string, path: string, body?: object) =>
      (await send(method, path, body, { token })).status;
    expect(await status("GET", SOURCES)).toBe(403);
    expect(await status("PATCH", `${SOURCES}/${source.id}`, { name: "mine" })).toBe(403);
    expect(await status("POST", `${SOURCES}/${source.id}/token/rotate`)).toBe(403);
    expect(await status("DELETE", `${SOURCES}/${source.id}`)).toBe(403);
    for (const path of ["", "/endpoint", "/log"]) {
      expect([path, await status("GET", `${SOURCES}/${other.id}${path}`)]).toEqual([path, 404]);
    }
  });

  test("its token does not see a secret that a handshake has brought", async () => {
    const source = await makeSource({ type: "notion", config: {} });
    await fetch(source.ingestUrl, { method: "POST", body: '{"verification_token":"brought"}' });
    const { token } = (await send("POST", `${SOURCES}/${source.id}/dashboard`)).json;
    const path = `${SOURCES}/${source.id}`;
    expect((await send("GET", path)).json).toMatchObject({ captured: "brought" });
    expect((await send("GET", path, undefined, { token })).text).not.toContain("brought");
  });

  test("a read-only token changes no endpoint", async () => {
    const { source, token } = await portal(true);
    const made = await send("POST", `${SOURCES}/${source.id}/endpoint`, { url: "https://example.com/" }, { token });
    expect(made.status).toBe(403);
  });

  test("an application token gets 403 for the sources of the environment and 404 for one of them", async () => {
    const source = await makeSource();
    const app = (await send("POST", "/app", { name: "App", uid: freshUid("app") })).json;
    const token = await server.createToken(`--app=${app.id}`);
    expect((await send("GET", SOURCES, undefined, { token })).status).toBe(403);
    expect((await send("GET", `${SOURCES}/${source.id}`, undefined, { token })).status).toBe(404);
  });
});

describe("the list of providers", () => {
  test("all providers are on one page in order of their ids, and every token may read them", async () => {
    const app = (await send("POST", "/app", { name: "App", uid: freshUid("app") })).json;
    const token = await server.createToken(`--app=${app.id}`);
    const { json } = await send("GET", "/provider", undefined, { token });
    const ids: string[] = json.data.map(({ id }: { id: string }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(180);
    expect(ids).toEqual([...ids].sort());
    expect(json.done).toBe(true);
  });

  test("a provider is found by its id and by an alias", async () => {
    const byAlias = await send("GET", "/provider/open-ai");
    expect(byAlias).toMatchObject({ status: 200, json: { id: "openai", state: "verified" } });
    expect((await send("GET", "/provider/nobody")).status).toBe(404);
  });

  test("pages are read forwards and backwards", async () => {
    const first = (await send("GET", "/provider?limit=2")).json;
    const second = (await send("GET", `/provider?limit=2&iterator=${first.iterator}`)).json;
    const back = (await send("GET", `/provider?limit=2&iterator=${second.prevIterator}`)).json;
    expect(second.data[0].id > first.data[1].id).toBe(true);
    expect(back.data).toEqual(first.data);
    expect((await send("GET", "/provider?limit=0")).status).toBe(422);
  });
});

test("changes of sources are in the audit log with the id of the source", async () => {
  const { id, uid } = await makeSource();
  await send("PATCH", `${SOURCES}/${uid}`, { name: "Other" });
  const { json } = await send("GET", "/audit-log");
  const own = json.data.filter(({ subject }: { subject: { sourceId?: string } }) => subject.sourceId === id);
  expect(own.map(({ action }: { action: string }) => action)).toEqual([
    "v1.ingest.source.patch",
    "v1.ingest.source.create",
  ]);
});
