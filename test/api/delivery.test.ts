import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Answer, clientOf, freshUid, makeApplication, type Send } from "../support/client.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

/**
 * Tests the results of deliveries in the API: attempts, destinations, dead letters, resends and
 * redrives.
 */

let server: TestServer;
let send: Send;
beforeAll(async () => {
  // A failed delivery becomes a dead letter after one attempt.
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

interface Setup {
  readonly app: string;
  readonly endpoint: string;
  readonly inbox: string;
}

/** Creates an application with one endpoint, which is an inbox that responds with this status. */
async function setup(status = 200, fields: object = {}): Promise<Setup> {
  const app = await makeApplication(send);
  const inbox = freshUid("inbox");
  const url = `${server.url}/inbox/${inbox}?status=${status}`;
  const { json } = await send("POST", `/app/${app}/endpoint`, { url, ...fields });
  return { app, endpoint: json.id, inbox };
}

async function sendMessage(app: string, fields: object = {}): Promise<string> {
  return (await send("POST", `/app/${app}/msg`, { eventType: "user.signup", payload: { a: 1 }, ...fields })).json.id;
}

/** Polls until the response matches. The timeout of the test is the deadline. */
async function eventually(
  ask: () => Promise<Answer>,
  fits: (json: Answer["json"]) => boolean,
): Promise<Answer["json"]> {
  for (;;) {
    const { json } = await ask();
    if (fits(json)) return json;
    await Bun.sleep(10);
  }
}

const attemptsOf = (app: string, message: string, count: number) =>
  eventually(
    () => send("GET", `/app/${app}/attempt/msg/${message}`),
    ({ data }) => data.length >= count,
  );
const deadLettersOf = (app: string, count: number) =>
  eventually(
    () => send("GET", `/app/${app}/dead-letter`),
    ({ data }) => data.length === count,
  );
const received = (inbox: string, count: number) =>
  eventually(
    () => send("GET", `/inbox/${inbox}`),
    ({ data }) => data.length >= count,
  );

describe("a successful attempt", () => {
  test("an attempt can be read by message, by endpoint and by its id", async () => {
    const { app, endpoint, inbox } = await setup();
    const message = await sendMessage(app);
    const { data, done } = await attemptsOf(app, message, 1);
    expect(done).toBe(true);
    expect(data[0]).toEqual({
      id: expect.stringMatching(/^atmpt_[A-Za-z0-9]{27}$/),
      msgId: message,
      endpointId: endpoint,
      url: `${server.url}/inbox/${inbox}?status=200`,
      response: '{"received":true}',
      note: null,
      responseStatusCode: 200,
      responseDurationMs: expect.any(Number),
      status: 0,
      statusText: "success",
      triggerType: 0,
      reason: null,
      nextAttempt: null,
      batchId: null,
      timestamp: expect.stringMatching(/Z$/),
    });
    expect((await send("GET", `/app/${app}/attempt/endpoint/${endpoint}`)).json.data).toEqual(data);
    expect((await send("GET", `/app/${app}/msg/${message}/attempt/${data[0].id}`)).json).toEqual({
      ...data[0],
      requestHeaders: null,
      ...{ apiVersion: null, requestMethod: null, requestPayload: null, logs: null },
      responseHeaders: null,
    });
    const bare = await send("GET", `/app/${app}/attempt/msg/${message}?with_content=false`);
    expect(bare.json.data[0].response).toBe("{}");
  });

  test("an attempt sends the payload byte for byte, with the message id and the endpoint's headers", async () => {
    const { app, inbox } = await setup(200, { headers: { "X-Shop": "17" } });
    const { json } = await send("POST", `/app/${app}/msg`, '{"eventType":"a","payload":{ "n" : 1.0 }}');
    const { data } = await received(inbox, 1);
    expect(data[0]).toMatchObject({ body: '{ "n" : 1.0 }', messageId: json.id });
    expect(data[0].headers["x-shop"]).toBe("17");
  });

  test("reading an attempt under the path of another message returns 404", async () => {
    const { app } = await setup();
    const [one, two] = [await sendMessage(app), await sendMessage(app)];
    const { data } = await attemptsOf(app, one, 1);
    expect((await send("GET", `/app/${app}/msg/${two}/attempt/${data[0].id}`)).status).toBe(404);
    expect((await send("GET", `/app/${app}/msg/${one}/attempt/nope`)).status).toBe(404);
  });

  test("deleting the content of an attempt deletes the stored response body", async () => {
    const { app } = await setup();
    const message = await sendMessage(app);
    const { data } = await attemptsOf(app, message, 1);
    const path = `/app/${app}/msg/${message}/attempt/${data[0].id}`;
    expect((await send("DELETE", `${path}/content`)).status).toBe(204);
    expect((await send("GET", path)).json.response).toBe("EXPUNGED");
  });
});

describe("the list of attempts", () => {
  test("attempts can be filtered by status, status code class, event type and endpoint", async () => {
    const { app, endpoint } = await setup(500);
    const good = await send("POST", `/app/${app}/endpoint`, {
      url: `${server.url}/inbox/${freshUid("inbox")}`,
      uid: "good",
    });
    const message = await sendMessage(app);
    await attemptsOf(app, message, 2);
    const endpointsOf = async (query: string) =>
      (await send("GET", `/app/${app}/attempt/msg/${message}${query}`)).json.data.map(
        ({ endpointId }: { endpointId: string }) => endpointId,
      );
    expect(await endpointsOf("?status=0")).toEqual([good.json.id]);
    expect(await endpointsOf("?status=2")).toEqual([endpoint]);
    expect(await endpointsOf("?status_code_class=500")).toEqual([endpoint]);
    expect(await endpointsOf("?status_code_class=200")).toEqual([good.json.id]);
    expect(await endpointsOf("?endpoint_id=good")).toEqual([good.json.id]);
    expect(await endpointsOf(`?endpoint_id=${endpoint}`)).toEqual([endpoint]);
    expect(await endpointsOf("?event_types=other")).toEqual([]);
    expect((await endpointsOf("?event_types=other,user.signup")).length).toBe(2);
    expect((await send("GET", `/app/${app}/attempt/msg/${message}?status=9`)).status).toBe(400);
    expect((await send("GET", `/app/${app}/attempt/msg/${message}?endpoint_id=nope`)).status).toBe(404);
  });
});

describe("the destinations of a message", () => {
  test("a message's destinations are the matching endpoints, each with its delivery status", async () => {
    const { app, endpoint } = await setup(500);
    const paused = await send("POST", `/app/${app}/endpoint`, { url: "https://example.com", paused: true });
    await send("POST", `/app/${app}/endpoint`, { url: "https://example.com", channels: ["other"] });
    const message = await sendMessage(app);
    const list = `/app/${app}/msg/${message}/endpoint`;
    const { data } = await eventually(
      () => send("GET", list),
      (json) => json.data[0]?.status === 2,
    );
    expect(data).toHaveLength(2);
    expect(data[0]).toMatchObject({ id: endpoint, statusText: "fail", reason: "status_5xx", nextAttempt: null });
    expect(data[1]).toMatchObject({ id: paused.json.id, status: 1, statusText: "pending" });

    const first = (await send("GET", `${list}?limit=1`)).json;
    expect([first.data[0].id, first.iterator, first.done]).toEqual([endpoint, endpoint, false]);
    const second = (await send("GET", `${list}?limit=1&iterator=${endpoint}`)).json;
    expect([second.data[0].id, second.done]).toEqual([paused.json.id, true]);
    await send("DELETE", `/app/${app}/endpoint/${endpoint}`);
    expect((await send("GET", list)).json.data).toHaveLength(2);
  });
});

describe("resending a message", () => {
  test("a resend makes another attempt, whose trigger type is manual", async () => {
    const { app, endpoint } = await setup();
    const message = await sendMessage(app);
    await attemptsOf(app, message, 1);
    const { status, json } = await send("POST", `/app/${app}/msg/${message}/endpoint/${endpoint}/resend`);
    expect([status, json]).toEqual([202, {}]);
    const { data } = await attemptsOf(app, message, 2);
    expect(data.map(({ triggerType }: { triggerType: number }) => triggerType)).toEqual([1, 0]);
  });

  test("a message can be resent to an endpoint that did not match it", async () => {
    const { app, endpoint, inbox } = await setup(200, { channels: ["other"] });
    const message = await sendMessage(app);
    await send("POST", `/app/${app}/msg/${message}/endpoint/${endpoint}/resend`);
    expect((await received(inbox, 1)).data[0].messageId).toBe(message);
  });

  test("a resend returns 400 if the endpoint is disabled or the payload is deleted, and 404 if the endpoint is unknown", async () => {
    const { app, endpoint } = await setup(200, { disabled: true });
    const message = await sendMessage(app);
    const resend = (to: string) => send("POST", `/app/${app}/msg/${message}/endpoint/${to}/resend`);
    const refused = await resend(endpoint);
    expect([refused.status, refused.json.code]).toEqual([400, "endpoint_disabled"]);
    expect((await resend("nope")).status).toBe(404);
    await send("DELETE", `/app/${app}/msg/${message}/content`);
    const gone = await resend(endpoint);
    expect([gone.status, gone.json.code]).toEqual([400, "missing_payload"]);
  });
});

describe("dead letters", () => {
  test("a dead letter contains its message, endpoint, reason and last attempt", async () => {
    const { app, endpoint } = await setup(500);
    const eventId = freshUid("event");
    const message = await sendMessage(app, { eventId });
    const { data } = await deadLettersOf(app, 1);
    expect(data[0]).toEqual({
      id: expect.stringMatching(/^dlv_[A-Za-z0-9]{27}$/),
      appId: (await send("GET", `/app/${app}`)).json.id,
      ...{ appName: (await send("GET", `/app/${app}`)).json.name, endpointDescription: "", endpointDeleted: false },
      msgId: message,
      eventId,
      eventType: "user.signup",
      endpointId: endpoint,
      url: expect.stringContaining("/inbox/"),
      reason: "status_5xx",
      attempts: 1,
      lastAttempt: (await attemptsOf(app, message, 1)).data[0],
      deadAt: expect.stringMatching(/Z$/),
    });
  });

  test("dead letters are listed newest first, in pages, and can be filtered", async () => {
    const { app, endpoint } = await setup(500);
    const messages: string[] = [];
    for (const eventType of ["a", "b", "c"]) messages.push(await sendMessage(app, { eventType }));
    const { data } = await deadLettersOf(app, 3);
    const list = async (query: string) =>
      (await send("GET", `/app/${app}/dead-letter${query}`)).json.data.map(({ msgId }: { msgId: string }) => msgId);
    expect(await list("")).toEqual(messages.toReversed());
    expect(await list("?limit=1")).toEqual([messages[2]!]);
    expect(await list(`?iterator=${data[0].id}`)).toEqual([messages[1]!, messages[0]!]);
    expect(await list("?event_types=a,c")).toEqual([messages[2]!, messages[0]!]);
    expect(await list(`?endpoint_id=${endpoint}`)).toHaveLength(3);
    expect(await list("?reason=timeout")).toEqual([]);
    expect(await list("?before=2020-01-01T00:00:00Z")).toEqual([]);
    expect(await list("?after=2020-01-01T00:00:00Z")).toHaveLength(3);
    expect((await send("GET", `/app/${app}/dead-letter?reason=nonsense`)).status).toBe(400);
    expect((await send("GET", `/dead-letter?app_id=${app}`)).json.data).toHaveLength(3);
    expect((await send("GET", "/dead-letter?app_id=nope")).status).toBe(404);
  });

  test("the summary counts dead letters by application, endpoint, event type and reason", async () => {
    const { app, endpoint } = await setup(404);
    for (const eventType of ["a", "a", "b"]) await sendMessage(app, { eventType });
    const { data } = await deadLettersOf(app, 3);
    const { json } = await send("GET", `/dead-letter/summary?app_id=${app}`);
    expect(json.total).toBe(3);
    expect(json.groups[0]).toEqual({
      appId: data[0].appId,
      ...{ appName: data[0].appName, endpointDescription: "", endpointDeleted: false, url: data[0].url },
      endpointId: endpoint,
      eventType: "a",
      reason: "status_4xx",
      count: 2,
      firstDeadAt: expect.any(String),
      lastDeadAt: expect.any(String),
    });
    expect(json.groups[1]).toMatchObject({ eventType: "b", count: 1 });
    await send("DELETE", `/app/${app}/endpoint/${endpoint}`);
    const named = { appName: data[0].appName, url: data[0].url, endpointDeleted: true };
    expect((await send("GET", "/dead-letter/summary")).json.groups).toContainEqual(expect.objectContaining(named));
    expect((await send("GET", "/dead-letter")).json.data).toContainEqual(expect.objectContaining(named));
  });

  test("a redrive sends dead letters again, and a dry run only counts them", async () => {
    const { app, endpoint, inbox } = await setup(500);
    const message = await sendMessage(app);
    const { data } = await deadLettersOf(app, 1);
    await send("PATCH", `/app/${app}/endpoint/${endpoint}`, { url: `${server.url}/inbox/${inbox}` });

    const body = { filter: { ids: [data[0].id] }, rate: 1000 };
    const dry = await send("POST", "/dead-letter/redrive", { ...body, dryRun: true });
    expect([dry.status, dry.json.count, dry.json.groups.length]).toEqual([200, 1, 1]);
    expect((await send("GET", `/app/${app}/dead-letter`)).json.data).toHaveLength(1);

    const { status, json } = await send("POST", "/dead-letter/redrive", body);
    expect(status).toBe(202);
    expect(json.id).toStartWith("qtask_");
    expect(json).toMatchObject({ status: "running", task: "dead-letter.redrive" });
    const task = await eventually(
      () => send("GET", `/background-task/${json.id}`),
      (found) => found.status === "finished",
    );
    expect(task.data).toEqual({ redriven: 1, rate: 1000, filter: {} });
    await attemptsOf(app, message, 2);
    await deadLettersOf(app, 0);
    expect((await received(inbox, 2)).data[0]).toMatchObject({ messageId: message, status: 200 });
  });

  test("a redrive and its dry run skip dead letters that cannot be sent, and these dead letters keep their reason", async () => {
    const { app, endpoint: paused } = await setup(500);
    const endpoints = [paused];
    for (let i = 0; i < 3; i++) {
      const url = `${server.url}/inbox/${freshUid("inbox")}?status=500`;
      endpoints.push((await send("POST", `/app/${app}/endpoint`, { url })).json.id);
    }
    await sendMessage(app);
    await deadLettersOf(app, 4);
    const [, disabled, deleted, last] = endpoints;
    const expunged = await sendMessage(app, { channels: ["a"] });
    await deadLettersOf(app, 8);
    await send("DELETE", `/app/${app}/msg/${expunged}/content`);
    await send("PATCH", `/app/${app}/endpoint/${disabled}`, { disabled: true });
    await send("PATCH", `/app/${app}/endpoint/${paused}`, { paused: true });
    await send("DELETE", `/app/${app}/endpoint/${deleted}`);
    const shown = (await send("GET", `/app/${app}/dead-letter`)).json.data.length;
    expect((await send("GET", `/dead-letter/summary?app_id=${app}`)).json.total).toBe(shown);

    const filter = { appId: app };
    const { json: dry } = await send("POST", "/dead-letter/redrive", { filter, dryRun: true });
    const counted = dry.groups.map(({ endpointId }: { endpointId: string }) => endpointId);
    expect([dry.count, counted.toSorted()]).toEqual([2, [paused, last].toSorted()]);
    const { json } = await send("POST", "/dead-letter/redrive", { filter, rate: 1000 });
    const task = await eventually(
      () => send("GET", `/background-task/${json.id}`),
      (found) => found.status === "finished",
    );
    const { id: appId } = (await send("GET", `/app/${app}`)).json;
    expect(task.data).toEqual({ redriven: 2, rate: 1000, filter: { appId } });
    const { data } = (await send("GET", `/app/${app}/dead-letter?endpoint_id=${disabled}`)).json;
    expect(data.map(({ reason }: { reason: string }) => reason)).toContain("status_5xx");
    expect(data.map(({ reason }: { reason: string }) => reason)).not.toContain("disabled");
  });

  test("a redrive returns 422 if its filter is missing or invalid, and 404 if the filter contains an unknown id", async () => {
    const redrive = (body: unknown) => send("POST", "/dead-letter/redrive", body);
    for (const body of [
      {},
      { filter: null },
      { filter: { reason: "nonsense" } },
      { filter: { before: "yesterday" } },
      { filter: { ids: ["nope"] } },
      { filter: { appId: "" } },
      { filter: { endpointId: "" } },
      { filter: { eventTypes: [] } },
      { filter: { eventTypes: [""] } },
      { filter: { reason: "" } },
      { filter: { after: "" } },
      { filter: { ids: [] } },
      { filter: { all: true }, rate: 0 },
      { filter: { all: true }, rate: 10_001 },
      { filter: { all: true }, dryRun: "yes" },
    ]) {
      expect((await redrive(body)).status).toBe(422);
    }
    expect((await redrive({ filter: { appId: "nope" } })).status).toBe(404);
    expect((await redrive({ filter: { endpointId: "nope" } })).status).toBe(404);
    expect((await send("GET", "/background-task/qtask_17MeGibBYAlEAyJrb2g70ismFAs")).status).toBe(404);
  });

  test("dropping dead letters requires a filter and drops only the dead letters that match it", async () => {
    const { app } = await setup(500);
    await sendMessage(app, { eventType: "a" });
    await sendMessage(app, { eventType: "b" });
    await deadLettersOf(app, 2);
    expect((await send("DELETE", "/dead-letter")).status).toBe(422);
    expect((await send("DELETE", "/dead-letter?whatever=1")).status).toBe(422);
    const { status, json } = await send("DELETE", `/dead-letter?app_id=${app}&event_types=a`);
    expect([status, json]).toEqual([200, { count: 1 }]);
    await deadLettersOf(app, 1);
  });

  test("dropping dead letters with an empty filter value returns 422 and drops nothing", async () => {
    const { app } = await setup(500);
    await sendMessage(app, { eventType: "emp" });
    await deadLettersOf(app, 1);
    for (const name of ["app_id", "endpoint_id", "event_types", "reason", "before", "after", "ids"]) {
      for (const sent of [
        `${name}=`,
        name,
        `${name}=&${name === "reason" ? "event_types=emp" : "reason=status_5xx"}`,
      ]) {
        const { status, json } = await send("DELETE", `/dead-letter?${sent}`);
        expect([status, json.detail?.[0].loc]).toEqual([422, ["query", name]]);
      }
    }
    expect((await send("DELETE", "/dead-letter?event_types=,&ids[]=")).status).toBe(422);
    await deadLettersOf(app, 1);
    expect((await send("GET", `/app/${app}/dead-letter?iterator=&event_types=`)).json.data).toHaveLength(1);
  });
});

describe("the overview", () => {
  test("the overview contains totals, and the latest messages with their delivery counts", async () => {
    const { app } = await setup();
    const message = await sendMessage(app);
    await attemptsOf(app, message, 1);
    const { json } = await send("GET", "/overview");
    expect(json).toMatchObject({ environment: "default" });
    expect(json.accepted).toBeGreaterThanOrEqual(1);
    expect(json.delivered).toBeGreaterThanOrEqual(1);
    expect(json.messages[0]).toMatchObject({
      id: message,
      appUid: app,
      eventType: "user.signup",
      deliveries: { pending: 0, delivered: 1, dead: 0, cancelled: 0 },
    });
    expect(json.messages.length).toBeLessThanOrEqual(50);
  });

  test("the live stream with differences sends the message that is new, and which topics changed", async () => {
    const { app } = await setup();
    const stop = new AbortController();
    const response = await fetch(`${server.url}/api/v1/live?differences=true`, {
      headers: { authorization: `Bearer ${ROOT_TOKEN}` },
      signal: stop.signal,
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toStartWith("event: overview\ndata: {");
    const message = await sendMessage(app);
    let text = "";
    while (!text.includes(message)) text += (await reader.read()).value;
    const [change] = text.split("\n\n").filter((event) => event.includes(message));
    expect(change).toStartWith("event: change\ndata: {");
    const { messages, changed } = JSON.parse(change!.slice(change!.indexOf("data: ") + 6));
    expect(messages[0].id).toBe(message);
    expect(changed.topics).toContain("deliveries");
    stop.abort();
    await reader.cancel().catch(() => {});
  });

  test("the live stream sends the overview again when something changes", async () => {
    const { app } = await setup();
    const stop = new AbortController();
    const response = await fetch(`${server.url}/api/v1/live`, {
      headers: { authorization: `Bearer ${ROOT_TOKEN}` },
      signal: stop.signal,
    });
    expect(response.headers.get("content-type")).toStartWith("text/event-stream");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const first = await reader.read();
    expect(first.value).toStartWith("event: overview\ndata: {");
    const message = await sendMessage(app);
    let text = "";
    while (!text.includes(message)) text += (await reader.read()).value;
    expect(JSON.parse(text.slice(text.lastIndexOf("data: ") + 6)).messages[0].id).toBe(message);
    stop.abort();
    await reader.cancel().catch(() => {});
  });
});
