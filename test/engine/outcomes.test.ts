import { describe, expect, test } from "bun:test";
import { DAY, EngineWorld, HOUR, MINUTE, type Reaction, SECOND } from "../support/engine-world.ts";

describe("an attempt", () => {
  test.each<[Reaction, string]>([
    [200, "delivered"],
    [204, "delivered"],
    [299, "delivered"],
    [301, "dead: status_3xx"],
    [400, "dead: status_4xx"],
    [404, "dead: status_4xx"],
    [500, "dead: status_5xx"],
    [{ failure: "connection" }, "dead: connection"],
    [{ failure: "tls" }, "dead: tls"],
    ["hang", "dead: timeout"],
  ])("without retries, a delivery whose endpoint reacts with %j ends as %s", async (reaction, state) => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
    const messages = await world.send(await world.endpoint("a.example", reaction));
    await world.rest();
    expect(await world.states(messages)).toEqual([state]);
    expect(world.starts).toHaveLength(1);
  });

  test.each<[string, readonly string[], string]>([
    ["no address", [], "dns"],
    ["only private addresses", ["10.0.0.1", "fd00::1"], "blocked"],
  ])("an attempt to deliver to a host name with %s sends nothing", async (_, addresses, reason) => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [] }, resolve: () => addresses });
    const messages = await world.send(await world.endpoint("a.example", 200));
    await world.rest();
    expect(await world.states(messages)).toEqual([`dead: ${reason}`]);
    expect(world.starts).toEqual([]);
  });

  test("the fact about an attempt contains the time since the message was accepted", async () => {
    using world = await EngineWorld.open();
    await world.send(
      await world.endpoint("a.example", (_, attempt) => (attempt === 1 ? 500 : { status: 200, afterMs: 7 })),
    );
    await world.rest();
    const [, last] = world.factsOf("attempt.finished");
    expect(last).toMatchObject({ next: "delivered", sinceAcceptedMs: 1 + 5 * SECOND + 7, durationMs: 7 });
  });
});

describe("the schedule", () => {
  test.each([
    ["the server's schedule", null, [5 * SECOND, 5 * MINUTE]],
    ["the endpoint's own schedule", [MINUTE, HOUR, DAY], [MINUTE, HOUR, DAY]],
    ["an empty schedule", [], []],
  ])("attempts are spaced by %s", async (_, retryScheduleMs, waits) => {
    using world = await EngineWorld.open();
    const messages = await world.send(await world.endpoint("a.example", 500, { retryScheduleMs }));
    await world.rest();
    const times = world.times("a.example");
    expect(times.slice(1).map((at, i) => at - times[i]! - 1)).toEqual(waits);
    expect(await world.states(messages)).toEqual(["dead: status_5xx"]);
    expect(new Set(world.starts.map(({ webhookId }) => webhookId)).size).toBe(1);
  });

  test.each([0, 0.5, 0.999])("jitter only lengthens the waits (random number %d)", async (chance) => {
    using world = await EngineWorld.open({ chance, policy: { retryJitter: 0.2, retryScheduleMs: [10 * SECOND] } });
    await world.send(await world.endpoint("a.example", 500));
    await world.rest();
    const [first, second] = world.times("a.example");
    expect(second! - first! - 1).toBe(Math.ceil(10 * SECOND * (1 + 0.2 * chance)));
  });

  test.each<[number, string, number]>([
    [429, "60", MINUTE],
    [503, "60", MINUTE],
    [503, "1", 5 * SECOND],
    [503, "999999", DAY],
    [500, "60", 5 * SECOND],
    [429, "soon", 5 * SECOND],
  ])("a %d response with Retry-After %s is retried after %d ms", async (status, retryAfter, waitMs) => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [5 * SECOND] } });
    await world.send(await world.endpoint("a.example", (_, n) => (n === 1 ? { status, retryAfter } : 200)));
    await world.rest();
    const [first, second] = world.times("a.example");
    expect(second! - first! - 1).toBe(waitMs);
  });

  test("a parallel lane sends other messages while one waits for its retry", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", (n, attempt) => (n === 1 && attempt === 1 ? 500 : 200));
    await world.send(endpoint, 3);
    await world.rest();
    expect(world.order("a.example")).toEqual([1, 2, 3, 1]);
  });
});

describe("410", () => {
  test("a 410 response ends its delivery as `gone`, disables the endpoint and ends its other pending deliveries as `disabled`", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 410);
    const messages = await world.send(endpoint, 5);
    await world.rest();
    expect(world.starts).toHaveLength(1);
    expect(await world.states(messages)).toEqual(["dead: gone", ...Array(4).fill("dead: disabled")]);
    expect(await world.store.configuration.endpoints.get(endpoint.seq)).toMatchObject({ disabled: true });
    expect(world.factsOf("endpoint.disabled")).toMatchObject([{ endpointSeq: endpoint.seq, cause: "gone" }]);
    expect(world.factsOf("deliveries.buried")).toMatchObject([{ state: "dead", count: 4 }]);
  });

  test("after a 410 response no new message is delivered until the endpoint is enabled again", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", 410);
    await world.send(endpoint);
    await world.rest();
    const [meanwhile] = await world.send(endpoint);
    expect(await world.store.history.messages.deliveries(meanwhile!)).toEqual([]);
    world.behave("a.example", 200);
    await world.update(endpoint, { disabled: false, failingSince: null });
    const later = await world.send(endpoint);
    await world.rest();
    expect(await world.states(later)).toEqual(["delivered"]);
  });

  test("an endpoint no longer counts as failing after it was disabled and enabled again, but other changes have no such effect", async () => {
    using world = await EngineWorld.open({ policy: { retryScheduleMs: [] } });
    const endpoint = await world.endpoint("a.example", 500);
    await world.send(endpoint);
    await world.rest();
    const failingSince = async () => (await world.store.configuration.endpoints.get(endpoint.seq))!.failingSince;
    const since = await failingSince();
    expect(since).not.toBeNull();
    for (const change of [{ description: "new" }, { disabled: false }, { disabled: true }, { disabled: true }]) {
      await world.update(endpoint, change);
      expect(await failingSince()).toBe(since);
    }
    await world.update(endpoint, { disabled: false });
    expect(await failingSince()).toBeNull();
  });

  test("a 410 response from an endpoint's old URL does not disable the endpoint, and the message is sent to the new URL", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("old.example", { status: 410, afterMs: 5000 });
    const [message] = await world.send(endpoint);
    await world.pass(1000);
    world.behave("new.example", 200);
    await world.update(endpoint, { url: "https://new.example/" });
    await world.rest();
    expect((await world.store.configuration.endpoints.get(endpoint.seq))!.disabled).toBe(false);
    expect(world.factsOf("endpoint.disabled")).toEqual([]);
    expect(await world.states([message!])).toEqual(["delivered"]);
    expect(world.order("new.example")).toEqual([1]);
  });

  test("a 410 response does not undo the success of a concurrent attempt", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", (n) =>
      n === 2 ? 410 : { status: 200, afterMs: n === 1 ? 1 : 500 },
    );
    const messages = await world.send(endpoint, 3);
    await world.rest();
    expect(await world.states(messages)).toEqual(["delivered", "dead: gone", "delivered"]);
  });
});

describe("an endpoint with a bare percent sign in its password", () => {
  test("a bare percent sign in a password is sent unchanged", async () => {
    using world = await EngineWorld.open();
    const url = new URL("https://us%C3%A9r:100%@a.example/").href;
    const [message] = await world.send(await world.endpoint("a.example", 200, { url }));
    await world.rest();
    expect(await world.states([message!])).toEqual(["delivered"]);
    const authorization = world.headers.find(([name]) => name === "Authorization")![1];
    expect(Buffer.from(authorization.replace("Basic ", ""), "base64").toString()).toBe("usér:100%");
  });
});

describe("a message that cannot be made into a request", () => {
  test("a message that a bug keeps from being sent is retried according to the schedule, and the bug is reported", async () => {
    using world = await EngineWorld.open();
    const endpoint = await world.endpoint("a.example", () => {
      throw new Error("a mistake");
    });
    const messages = await world.send(endpoint, 2);
    await world.rest();
    expect(await world.states(messages)).toEqual(["dead: connection", "dead: connection"]);
    expect(world.factsOf("attempt.finished")).toHaveLength(6);
    expect(world.factsOf("defect.found")).toHaveLength(6);
    expect(world.engine.attemptsUnderWay).toBe(0);
  });
});

describe("an endpoint that keeps failing", () => {
  const schedule = { retryScheduleMs: Array(30).fill(6 * HOUR) as number[] };

  test("an endpoint that keeps failing for `endpoint-disable-after` is disabled, and its deliveries become dead letters", async () => {
    using world = await EngineWorld.open({ policy: { ...schedule, endpointDisableAfterMs: 2 * DAY } });
    const endpoint = await world.endpoint("a.example", 500);
    const first = await world.send(endpoint, 2);
    await world.pass(DAY);
    const second = await world.send(endpoint);
    await world.rest();
    expect(await world.states([...first, ...second])).toEqual(Array(3).fill("dead: disabled"));
    expect(world.factsOf("endpoint.disabled")).toMatchObject([{ cause: "failing" }]);
    expect(Math.max(...world.times("a.example"))).toBeGreaterThanOrEqual(2 * DAY);
    expect(Math.max(...world.times("a.example"))).toBeLessThan(2 * DAY + 7 * HOUR);
  });

  test("one success restarts the time after which an endpoint is disabled", async () => {
    using world = await EngineWorld.open({ policy: { ...schedule, endpointDisableAfterMs: 2 * DAY } });
    const endpoint = await world.endpoint("a.example", (n) => (n === 2 ? 200 : 500));
    await world.send(endpoint);
    await world.pass(DAY);
    await world.send(endpoint);
    await world.pass(DAY + 12 * HOUR);
    expect(world.factsOf("endpoint.disabled")).toEqual([]);
    await world.rest();
    expect(world.factsOf("endpoint.disabled")).toHaveLength(1);
  });

  test("the time after which an endpoint is disabled continues across a restart", async () => {
    using world = await EngineWorld.open({ policy: { ...schedule, endpointDisableAfterMs: 2 * DAY } });
    const endpoint = await world.endpoint("a.example", 500);
    await world.send(endpoint);
    await world.pass(DAY);
    await world.restart();
    await world.rest();
    expect(Math.max(...world.times("a.example"))).toBeLessThan(2 * DAY + 7 * HOUR);
    expect(await world.store.configuration.endpoints.get(endpoint.seq)).toMatchObject({ disabled: true });
  });

  test("a failing endpoint is never disabled if `endpoint-disable-after` is 0", async () => {
    using world = await EngineWorld.open({ policy: { ...schedule, endpointDisableAfterMs: 0 } });
    const messages = await world.send(await world.endpoint("a.example", 500));
    await world.rest();
    expect(world.starts).toHaveLength(31);
    expect(await world.states(messages)).toEqual(["dead: status_5xx"]);
    expect(world.factsOf("endpoint.disabled")).toEqual([]);
  });
});
