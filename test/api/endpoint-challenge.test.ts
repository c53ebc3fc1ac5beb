import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type Answer, clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { ok, type Received, type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Tests the ownership challenge of endpoints with receivers that answer it, and with hostile ones. */

const ORIGIN = "hooks.example";

const isChallenge = ({ body }: Received) => body.toString().includes("endpoint.challenge");
const isMessage = (request: Received) => request.body.length > 0 && !isChallenge(request);
const challengeOf = ({ body }: Received): string => JSON.parse(body.toString()).challenge;
/** Repeats challenges as text and takes everything else. */
const repeats = (request: Received) => (isChallenge(request) ? new Response(challengeOf(request)) : ok(request));

const endpointOf = (app: string, id: string) => `/app/${app}/endpoint/${id}`;

/** Waits until an endpoint is verified, or has failed `tries` times. */
function settled(send: Send, path: string, tries = 1): Promise<Answer["json"]> {
  return until(
    async () => (await send("GET", path)).json,
    ({ verified, challenge }) => verified || challenge.tries >= tries,
  );
}

describe("the ownership challenge", () => {
  let server: TestServer;
  let send: Send;
  let receiver: Receiver;
  beforeAll(async () => {
    server = await startServer(["--endpoint-challenge=on", `--public-url=https://${ORIGIN}`, "--delivery-timeout=2s"]);
    send = clientOf(server.url);
  });
  afterAll(() => server.stop());
  let tests = 0;
  // Challenges of one host have a pace, so each test has a host of its own.
  beforeEach(() => {
    tests += 1;
    receiver = startReceiver(repeats, undefined, `127.0.1.${tests}`);
  });
  afterEach(() => receiver[Symbol.asyncDispose]());

  async function created(body: object = {}, app?: string) {
    const owner = app ?? (await makeApplication(send));
    const { status, json } = await send("POST", `/app/${owner}/endpoint`, { url: `${receiver.url}/hook`, ...body });
    expect(status).toBe(201);
    return { app: owner, path: endpointOf(owner, json.id), json };
  }

  const message = (app: string) => send("POST", `/app/${app}/msg`, { eventType: "a", payload: { n: 1 } });

  test("a receiver that repeats the challenge is verified, and what waited is delivered", async () => {
    receiver.answering = withStatus(500);
    const { app, path, json } = await created();
    expect(json).toMatchObject({ paused: true, verified: false, challenge: { tries: 0, reason: null } });
    await message(app);
    const failed = await settled(send, path);
    expect(failed.challenge).toMatchObject({ tries: 1, reason: "status_5xx" });
    expect(failed.challenge.detail).toContain("status 500");
    receiver.answering = repeats;
    expect((await send("POST", `${path}/verify`)).status).toBe(202);
    const verified = await settled(send, path, 2);
    expect(verified).toMatchObject({ paused: false, verified: true });
    expect(verified).not.toHaveProperty("challenge");
    const [delivered] = await receiver.arrived(1, isMessage);
    expect(delivered!.body.toString()).toBe('{"n":1}');
  });

  test("the challenge is signed and has the headers of a webhook and of the endpoint", async () => {
    await created({ headers: { "X-Team": "blue" } });
    const [challenge] = await receiver.arrived(1, isChallenge);
    const { headers, id } = challenge!;
    expect(id).toStartWith("msg_");
    expect(headers.get("webhook-signature")).toStartWith("v1,");
    expect(headers.get("webhook-timestamp")).toMatch(/^\d+$/);
    expect(headers.get("content-type")).toBe("application/json");
    expect(headers.get("x-team")).toBe("blue");
    const { type, challenge: text, ...rest } = JSON.parse(challenge!.body.toString());
    expect([type, rest]).toEqual(["endpoint.challenge", {}]);
    expect(text).toMatch(/^[\w-]{43}$/);
  });

  test.each([
    ["as JSON", (text: string) => Response.json({ challenge: text, more: 1 })],
    ["as a JSON string", (text: string) => Response.json(text)],
    ["with a line feed", (text: string) => new Response(`${text}\n`, { status: 201 })],
  ])("a receiver that repeats the challenge %s is verified", async (_, respond) => {
    receiver.answering = (request) => respond(challengeOf(request));
    expect((await settled(send, (await created()).path)).verified).toBe(true);
  });

  const BIG = "x".repeat(5000);
  test.each([
    ["no body", () => new Response(null, { status: 204 }), "no_challenge"],
    ["another challenge", () => new Response("a".repeat(43)), "no_challenge"],
    ["the whole request", ({ body }: Received) => new Response(body as BodyInit), "no_challenge"],
    ["the challenge in a page", (r: Received) => new Response(`<p>${challengeOf(r)}</p>`), "no_challenge"],
    ["the challenge after much text", (r: Received) => new Response(BIG + challengeOf(r)), "no_challenge"],
    ["a redirect", (r: Received) => Response.redirect(`${receiver.url}/other?${r.id}`, 307), "status_3xx"],
    ["the challenge with status 404", (r: Received) => new Response(challengeOf(r), { status: 404 }), "status_4xx"],
    ["status 410", withStatus(410), "gone"],
  ] as const)("a receiver that responds with %s is not verified", async (_, respond, reason) => {
    receiver.answering = (request) => (request.body.length === 0 ? withStatus(405)(request) : respond(request));
    const endpoint = await settled(send, (await created()).path);
    expect(endpoint).toMatchObject({ paused: true, disabled: false, verified: false, challenge: { reason } });
    const { lastTryAt, nextTryAt } = endpoint.challenge;
    expect(Date.parse(nextTryAt) - Date.parse(lastTryAt)).toBe(10_000);
    expect(receiver.received.some(({ path }) => path.startsWith("/other"))).toBe(false);
  });

  test("an endless response and one that never comes end at the timeout", async () => {
    const endless = () =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            controller.enqueue(new Uint8Array(64));
            await Bun.sleep(10);
          },
        }),
      );
    for (const answering of [endless, () => new Promise<Response>(() => {})]) {
      receiver.answering = (request) => (request.body.length === 0 ? withStatus(405)(request) : answering());
      const { challenge } = await settled(send, (await created({ timeoutMs: 300 })).path);
      expect(challenge.reason).toBe("timeout");
    }
  });

  test("the challenge of another endpoint verifies nothing", async () => {
    receiver.answering = withStatus(500);
    await created();
    const [other] = await receiver.arrived(1, isChallenge);
    receiver.answering = () => new Response(challengeOf(other!));
    const { path } = await created();
    expect((await settled(send, path)).challenge.reason).toBe("no_challenge");
  });

  test("a private address is blocked, and nothing is sent to a host that does not listen", async () => {
    const blocked = await settled(send, (await created({ url: "http://10.1.2.3/hook" })).path);
    expect(blocked.challenge).toMatchObject({ reason: "blocked" });
    const nobody = await settled(send, (await created({ url: "http://127.0.0.1:9/hook" })).path);
    expect(nobody.challenge).toMatchObject({ reason: "connection" });
  });

  test("a receiver that permits the origin as in CloudEvents is verified", async () => {
    for (const allowed of [ORIGIN, "*", ORIGIN.toUpperCase()]) {
      receiver.answering = ({ body }) =>
        body.length > 0
          ? new Response(null, { status: 400 })
          : new Response(null, { headers: { "WebHook-Allowed-Origin": allowed } });
      expect((await settled(send, (await created()).path)).verified).toBe(true);
    }
    const [asked] = await receiver.arrived(1, ({ body }) => body.length === 0);
    expect(asked!.headers.get("webhook-request-origin")).toBe(ORIGIN);
    expect(asked!.headers.get("webhook-signature")).toBeNull();
    expect(asked!.headers.get("content-type")).toBeNull();
  });

  test("the permission of another origin, or in a response that is not 2xx, verifies nothing", async () => {
    for (const [allowed, status] of [
      ["other.example", 200],
      [`${ORIGIN}, other.example`, 200],
      [ORIGIN, 302],
      ["*", 404],
    ] as const) {
      receiver.answering = ({ body }) =>
        new Response(null, { status: body.length > 0 ? 400 : status, headers: { "WebHook-Allowed-Origin": allowed } });
      expect((await settled(send, (await created()).path)).challenge.reason).toBe("status_4xx");
    }
  });

  test("a changed URL must be verified again, and the same URL need not be", async () => {
    const { app, path } = await created();
    await settled(send, path);
    const url = `${receiver.url}/hook`;
    expect((await send("PATCH", path, { url, description: "x" })).json).toMatchObject({
      verified: true,
      paused: false,
    });
    expect((await send("PUT", path, { url })).json.verified).toBe(true);
    receiver.answering = withStatus(500);
    const moved = await send("PATCH", path, { url: `${receiver.url}/moved` });
    expect(moved.json).toMatchObject({ verified: false, paused: true, challenge: { tries: 0 } });
    await message(app);
    const before = await settled(send, path);
    const kept = await send("PUT", path, { url: `${receiver.url}/moved`, description: "y" });
    expect(kept.json).toMatchObject({ verified: false, paused: true, challenge: { since: before.challenge.since } });
    receiver.answering = repeats;
    await send("PUT", path, { url: `${receiver.url}/again` });
    expect(await settled(send, path)).toMatchObject({ verified: true, paused: false });
    const [delivered] = await receiver.arrived(1, isMessage);
    expect(delivered!.path).toBe("/again");
  });

  test("the result of a try counts only for the URL to which it was sent", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    receiver.answering = async (request) => {
      if (request.path === "/moved") return new Response(null, { status: 500 });
      await promise;
      return repeats(request);
    };
    const { path } = await created();
    await receiver.arrived(1, isChallenge);
    await send("PATCH", path, { url: `${receiver.url}/moved` });
    resolve();
    expect((await settled(send, path)).challenge).toMatchObject({ tries: 1, reason: "status_5xx" });
  });

  test("an endpoint that is not verified cannot be resumed, and one that was paused stays so", async () => {
    receiver.answering = withStatus(500);
    const { path } = await created({ paused: true });
    await settled(send, path);
    for (const method of ["PATCH", "PUT"]) {
      const body = { paused: false, ...(method === "PUT" && { url: `${receiver.url}/hook` }) };
      const refused = await send(method, path, body);
      expect([refused.status, refused.json.code]).toEqual([409, "endpoint_not_verified"]);
    }
    receiver.answering = repeats;
    await send("POST", `${path}/verify`);
    expect(await settled(send, path, 2)).toMatchObject({ verified: true, paused: true });
    expect((await send("PATCH", path, { paused: false })).json.paused).toBe(false);
  });

  test("an operator verifies an endpoint without a challenge, and a token of the application cannot", async () => {
    receiver.answering = withStatus(500);
    const { app, path } = await created();
    await settled(send, path);
    const token = await server.createToken("--app", app);
    const refused = await send("POST", `${path}/verify`, { verified: true }, { token });
    expect([refused.status, refused.json.code]).toEqual([403, "insufficient_access"]);
    expect((await send("POST", `${path}/verify`, {}, { token })).status).toBe(202);
    const { status, json } = await send("POST", `${path}/verify`, { verified: true });
    expect([status, json.verified, json.paused]).toEqual([202, true, false]);
    expect((await send("POST", `${path}/verify`)).json.verified).toBe(true);
    const log = await send("GET", "/audit-log?limit=5");
    expect(log.json.data.map(({ action }: { action: string }) => action)).toContain("endpoint.verify");
  });

  test("a request for a challenge of a disabled endpoint is refused", async () => {
    const { path } = await created({ disabled: true });
    const { status, json } = await send("POST", `${path}/verify`);
    expect([status, json.code]).toEqual([409, "endpoint_disabled"]);
    expect(receiver.received).toEqual([]);
    await send("PATCH", path, { disabled: false });
    expect((await settled(send, path)).verified).toBe(true);
  });

  test("an application that begins many challenges waits for the later ones", async () => {
    receiver.answering = withStatus(500);
    const app = await makeApplication(send);
    const endpoints = [];
    for (let i = 0; i < 8; i++) endpoints.push((await created({ url: `${receiver.url}/${i}` }, app)).json);
    const waits = endpoints.map(({ challenge }) => Date.parse(challenge.nextTryAt) - Date.parse(challenge.since));
    expect(waits.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(waits[5]).toBeGreaterThan(1000);
    expect(waits[7]).toBeGreaterThan(waits[6]!);
    expect(waits[7]).toBeLessThanOrEqual(30_000);
    const again = await send("POST", `${endpointOf(app, endpoints[0].id)}/verify`);
    expect([again.status, again.json.code]).toEqual([429, "too_many_requests"]);
    expect(Number(again.headers.get("retry-after"))).toBeGreaterThan(0);
    await settled(send, endpointOf(app, endpoints[4].id));
    expect(receiver.received.filter(isChallenge).length).toBe(5);
  });

  test("operational endpoints and inboxes of the server need no verification", async () => {
    // The creation of the inbox's endpoint is an event of another type.
    const eventTypes = ["message.attempt.exhausted"];
    const operational = await send("POST", "/operational-webhook/endpoint", { url: `${receiver.url}/ops`, eventTypes });
    expect(operational.status).toBe(201);
    const inbox = await created({ url: `https://${ORIGIN}/inbox/${freshUid("challenged")}` });
    expect(inbox.json).toMatchObject({ verified: true, paused: false });
    expect(receiver.received).toEqual([]);
  });

  test("an endpoint of a source must be verified", async () => {
    const uid = freshUid("source");
    const source = { name: uid, uid, type: "generic-webhook", config: {} };
    expect((await send("POST", "/ingest/api/v1/source", source)).status).toBe(201);
    const path = `/ingest/api/v1/source/${uid}/endpoint`;
    receiver.answering = withStatus(500);
    const { json } = await send("POST", path, { url: `${receiver.url}/hook` });
    expect(json).toMatchObject({ verified: false, paused: true });
    await settled(send, `${path}/${json.id}`);
    receiver.answering = repeats;
    expect((await send("POST", `${path}/${json.id}/verify`)).status).toBe(202);
    expect((await settled(send, `${path}/${json.id}`, 2)).verified).toBe(true);
  });
});

describe("the setting endpoint-challenge", () => {
  test("without it, endpoints are verified and nothing is sent to them", async () => {
    await using receiver = startReceiver();
    const server = await startServer();
    try {
      const send = clientOf(server.url);
      const app = await makeApplication(send);
      const { json } = await send("POST", `/app/${app}/endpoint`, { url: receiver.url });
      expect(json).toMatchObject({ verified: true, paused: false });
      expect((await send("POST", `${endpointOf(app, json.id)}/verify`)).status).toBe(202);
      await send("POST", `/app/${app}/msg`, { eventType: "a", payload: {} });
      await receiver.arrived(1);
      expect(receiver.received.filter(isChallenge)).toEqual([]);
    } finally {
      await server.stop();
    }
  });

  test("switched on, it leaves earlier endpoints verified; challenges continue after a crash and end when it is off", async () => {
    await using receiver = startReceiver(withStatus(500));
    const server = await startServer();
    try {
      const send = clientOf(server.url);
      const app = await makeApplication(send);
      const early = await send("POST", `/app/${app}/endpoint`, { url: `${receiver.url}/early` });
      await server.restart({ BOATHOOK_ENDPOINT_CHALLENGE: "on" });
      expect((await send("GET", endpointOf(app, early.json.id))).json.verified).toBe(true);
      receiver.answering = () => new Promise(() => {});
      const late = await send("POST", `/app/${app}/endpoint`, { url: `${receiver.url}/late` });
      const path = endpointOf(app, late.json.id);
      // The server is killed while it waits for the response.
      await receiver.arrived(1, isChallenge);
      receiver.answering = repeats;
      await server.restart({ BOATHOOK_ENDPOINT_CHALLENGE: "on" });
      expect((await settled(send, path)).verified).toBe(true);

      receiver.answering = withStatus(500);
      await send("PATCH", path, { url: `${receiver.url}/later` });
      await settled(send, path);
      await server.restart({ BOATHOOK_ENDPOINT_CHALLENGE: "off" });
      const off = await send("POST", `${path}/verify`);
      expect([off.status, off.json.code]).toEqual([409, "challenge_off"]);
      expect((await send("PATCH", path, { description: "x" })).json).toMatchObject({ verified: false, paused: true });
      expect((await send("PATCH", path, { paused: false })).json).toMatchObject({ verified: true, paused: false });
    } finally {
      await server.stop();
    }
  });

  test("no challenge is sent while all deliveries are held", async () => {
    await using receiver = startReceiver(repeats);
    const server = await startServer(["--endpoint-challenge=on"]);
    try {
      const send = clientOf(server.url);
      await send("POST", "/delivery/hold");
      const app = await makeApplication(send);
      const { json } = await send("POST", `/app/${app}/endpoint`, { url: receiver.url });
      const other = await send("POST", `/app/${app}/endpoint`, { url: `${receiver.url}/other` });
      expect((await send("GET", endpointOf(app, json.id))).json.challenge.tries).toBe(0);
      expect(receiver.received).toEqual([]);
      await send("POST", "/delivery/resume");
      for (const { id } of [json, other.json]) expect((await settled(send, endpointOf(app, id))).verified).toBe(true);
    } finally {
      await server.stop();
    }
  });
});

test("applications whose receivers never respond do not hold up the challenges of others", async () => {
  await using hanging = startReceiver(() => new Promise(() => {}), undefined, "127.0.2.1");
  await using receiver = startReceiver(repeats, undefined, "127.0.2.2");
  const server = await startServer(["--endpoint-challenge=on", "--delivery-timeout=30s"]);
  try {
    const send = clientOf(server.url);
    const create = async (app: string, url: string) => {
      const { json } = await send("POST", `/app/${app}/endpoint`, { url });
      return endpointOf(app, json.id);
    };
    const hung: string[] = [];
    for (let app = 0; app < 4; app++) {
      const owner = await makeApplication(send);
      for (let i = 0; i < 5; i++) hung.push(await create(owner, hanging.url));
    }
    const path = await create(await makeApplication(send), receiver.url);
    expect((await settled(send, path)).verified).toBe(true);
    const tries = await Promise.all(hung.map(async (one) => (await send("GET", one)).json.challenge.tries));
    expect(tries).toEqual(hung.map(() => 0));
    expect(hanging.received.length).toBeLessThanOrEqual(8);
  } finally {
    await server.stop();
  }
});

test("an endpoint whose URL names an inbox that the server would refuse is refused", async () => {
  const server = await startServer();
  try {
    const send = clientOf(server.url);
    const app = await makeApplication(send);
    for (const name of ["short", "a".repeat(65), "with.dot1", "long-enough/more", ""]) {
      const { status, json } = await send("POST", `/app/${app}/endpoint`, { url: `${server.url}/inbox/${name}` });
      expect([name, status, json.detail[0].loc]).toEqual([name, 422, ["body", "url"]]);
    }
    const { status, json } = await send("POST", `/app/${app}/endpoint`, { url: `${server.url}/inbox/long-enough?a` });
    expect(status).toBe(201);
    const change = await send("PATCH", endpointOf(app, json.id), { url: `${server.url}/inbox/short` });
    expect(change.status).toBe(422);
  } finally {
    await server.stop();
  }
});
