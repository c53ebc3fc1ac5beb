import { describe, expect, test } from "bun:test";
import type { Seq } from "../../src/core/id.ts";
import type { Endpoint } from "../../src/store/index.ts";
import { DAY, EngineWorld, HOUR, MINUTE, SECOND, type WorldOptions } from "../support/engine-world.ts";
import { FakeConsumer, type Handling } from "../support/fake-consumer.ts";

/** A world with one `websocket:` endpoint. */
async function open(change: Partial<Endpoint> = {}, options: WorldOptions = {}) {
  const world = await EngineWorld.open(options);
  const endpoint = await world.endpoint("ws", 200, { url: "websocket:", ...change });
  return {
    ...{ world, endpoint },
    send: (count = 1, more = {}): Promise<readonly Seq[]> =>
      world.send(endpoint, count, { eventType: "to.ws", ...more }),
    connect: (handle?: () => Handling, prefetch?: number) =>
      new FakeConsumer(world.kernel, endpoint.seq, handle, prefetch),
    [Symbol.dispose]: () => world[Symbol.dispose](),
  };
}

const keep = (): Handling => "keep";

async function attempts(world: EngineWorld, messageSeq: Seq) {
  const page = { limit: 50, from: null, backwards: false, order: "ascending" } as const;
  const { rows } = await world.store.history.attempts.ofMessage(messageSeq, {}, page, true);
  return rows.map(({ reason, responseStatus, response }) => ({
    ...{ reason, responseStatus },
    response: Buffer.from(response ?? []).toString(),
  }));
}

describe("a websocket endpoint", () => {
  test("a delivery succeeds when the consumer acknowledges its frame", async () => {
    using place = await open();
    const { world, send, connect } = place;
    const consumer = connect();
    const [message] = await send();
    await world.pass(HOUR);
    expect(await world.states([message!])).toEqual(["delivered"]);
    expect(await attempts(world, message!)).toEqual([{ reason: null, responseStatus: 200, response: "" }]);
    const [frame] = consumer.frames;
    expect(Object.keys(frame!)).toEqual(["type", "deliveryId", "messageId", "eventType", "headers", "body"]);
    expect(frame).toMatchObject({ type: "delivery", eventType: "to.ws", body: '{"message":1}' });
    expect(frame!.headers).toMatchObject({ "content-type": "application/json", "webhook-id": frame!.messageId });
    expect(frame!.headers["webhook-signature"]).toStartWith("v1,");
  });

  test("a payload that is not UTF-8 is sent in base64, and a byte order mark is kept", async () => {
    using place = await open();
    const { world, send, connect } = place;
    const consumer = connect();
    await send(1, { payload: new Uint8Array([0xff, 0x00]), contentType: "application/octet-stream" });
    await send(1, { payload: new Uint8Array([0xef, 0xbb, 0xbf, 0x41]), contentType: "text/plain" });
    await world.pass(HOUR);
    expect(consumer.frames.map(({ body, bodyBase64 }) => body ?? bodyBase64)).toEqual(["/wA=", "\ufeffA"]);
    expect(consumer.frames[0]!.headers["content-type"]).toBe("application/octet-stream");
  });

  test("a refused delivery is retried by the schedule, and its attempt has the consumer's error", async () => {
    using place = await open();
    const { world, send, connect } = place;
    const replies: Handling[] = [{ error: "No stock." }, {}, "ack"];
    connect(() => replies.shift()!);
    const [message] = await send();
    await world.pass(HOUR);
    expect(await attempts(world, message!)).toEqual([
      { reason: "status_5xx", responseStatus: 503, response: "NACK: No stock." },
      { reason: "status_5xx", responseStatus: 503, response: "NACK" },
      { reason: null, responseStatus: 200, response: "" },
    ]);
    expect(world.time).toBeGreaterThan(5 * SECOND + 5 * MINUTE);
  });

  test("a consumer can ask for a later retry", async () => {
    using place = await open();
    const { world, send, connect } = place;
    const replies: Handling[] = [{ retryAfterMs: 60_500 }, "ack"];
    const consumer = connect(() => replies.shift()!);
    await send();
    await world.pass(60 * SECOND);
    expect(consumer.frames).toHaveLength(1);
    await world.pass(2 * SECOND);
    expect(consumer.frames).toHaveLength(2);
  });

  test("a delivery without an acknowledgement times out and is sent again with the same ids", async () => {
    using place = await open({ timeoutMs: 2000 });
    const { world, send, connect } = place;
    const replies: Handling[] = ["keep", "ack"];
    const consumer = connect(() => replies.shift()!);
    const [message] = await send();
    await world.pass(HOUR);
    expect((await attempts(world, message!)).map(({ reason }) => reason)).toEqual(["timeout", null]);
    const [first, second] = consumer.frames;
    expect([second!.deliveryId, second!.messageId]).toEqual([first!.deliveryId, first!.messageId]);
  });

  test("without a consumer, attempts fail at once and do not count towards disabling the endpoint", async () => {
    using place = await open(
      { retryScheduleMs: [DAY, DAY, DAY] },
      { policy: { endpointDisableAfterMs: DAY, retryScheduleMs: [SECOND] } },
    );
    const { world, endpoint, send } = place;
    const [message] = await send();
    await world.pass(5 * DAY);
    const failure = { reason: "connection" as const, responseStatus: 0, response: "no consumer is connected" };
    expect(await attempts(world, message!)).toEqual([failure, failure, failure, failure]);
    expect(await world.states([message!])).toEqual(["dead: connection"]);
    const stored = await world.store.configuration.endpoints.get(endpoint.seq);
    expect(stored).toMatchObject({ disabled: false, failingSince: null });
  });

  test("consumers that fail disable the endpoint like other receivers", async () => {
    using place = await open({ retryScheduleMs: [DAY, DAY] }, { policy: { endpointDisableAfterMs: DAY } });
    const { world, endpoint, send, connect } = place;
    const consumer = connect(() => ({ error: "broken" }));
    await send();
    await world.pass(5 * DAY);
    expect(await world.store.configuration.endpoints.get(endpoint.seq)).toMatchObject({ disabled: true });
    expect(consumer.frames.length).toBeGreaterThan(1);
  });

  test("a consumer that dies loses nothing: its deliveries are retried and go to another one", async () => {
    using place = await open();
    const { world, send, connect } = place;
    const dying = connect(keep);
    // Until its first attempt has ended, an endpoint gets one delivery at a time.
    const messages = await send(6);
    await world.pass(1);
    dying.ack(dying.frames[0]!);
    await world.pass(1);
    expect(dying.frames).toHaveLength(6);
    dying.disconnect();
    const other = connect();
    await world.pass(HOUR);
    expect(await world.states(messages)).toEqual(messages.map(() => "delivered"));
    expect(other.messages.toSorted()).toEqual([2, 3, 4, 5, 6]);
    expect((await attempts(world, messages[1]!)).map(({ reason }) => reason)).toEqual(["connection", null]);
  });

  test("while all consumers are full, deliveries wait without an attempt and without a slot", async () => {
    using place = await open({}, { policy: { deliveryConcurrency: 4 } });
    const { world, send, connect } = place;
    const consumers = [connect(keep, 1), connect(keep, 2)];
    const frames = () => consumers.flatMap((consumer) => consumer.frames);
    const messages = await send(10);
    await world.pass(1);
    consumers[0]!.ack(consumers[0]!.frames[0]!);
    await world.pass(SECOND);
    expect(frames()).toHaveLength(4);
    expect(world.engine.attemptsUnderWay).toBe(3);
    expect(world.engine.laneCounts()).toMatchObject({ full: 1 });
    const other = await world.endpoint("a.example", 200);
    const others = await world.send(other, 20);
    await world.pass(SECOND);
    expect(await world.states(others)).toEqual(others.map(() => "delivered"));
    for (let acknowledged = 1; acknowledged < 10; acknowledged++) {
      const consumer = consumers.find(({ frames }) => frames.length > 0)!;
      const waiting = frames()[acknowledged]!;
      for (const one of consumers) if (one.frames.includes(waiting)) one.ack(waiting);
      await world.pass(1);
      expect(consumer.ends).toEqual([]);
    }
    await world.pass(HOUR);
    expect(await world.states(messages)).toEqual(messages.map(() => "delivered"));
    for (const seq of messages) expect(await attempts(world, seq)).toHaveLength(1);
  });

  test("deliveries that wait for room continue when a further consumer connects", async () => {
    using place = await open();
    const { world, send, connect } = place;
    const slow = connect(keep, 1);
    const messages = await send(4);
    await world.pass(SECOND);
    expect(slow.frames).toHaveLength(1);
    slow.ack(slow.frames[0]!);
    await world.pass(1);
    const further = connect();
    await world.pass(1);
    expect(further.messages).toEqual([3, 4]);
    slow.ack(slow.frames[1]!);
    await world.pass(HOUR);
    expect(await world.states(messages)).toEqual(messages.map(() => "delivered"));
  });

  test("a consumer that does not read gets one frame, and the others continue when it has read", async () => {
    using place = await open();
    const { world, send, connect } = place;
    const consumer = connect(() => {
      // Only the first frame fills the connection.
      if (consumer.frames.length === 1) consumer.unsentBytes = 1024 * 1024;
      return "ack";
    });
    const messages = await send(3);
    await world.pass(SECOND);
    expect(consumer.frames).toHaveLength(1);
    consumer.read();
    await world.pass(HOUR);
    expect(await world.states(messages)).toEqual(["delivered", "delivered", "delivered"]);
  });

  test("all consumers together get at most as many deliveries as the endpoint's concurrency", async () => {
    using place = await open({ concurrency: 3 });
    const { world, send, connect } = place;
    const consumers = [connect(keep), connect(keep)];
    await send(10);
    await world.pass(1);
    consumers[0]!.ack(consumers[0]!.frames[0]!);
    await world.pass(1);
    expect(consumers.flatMap(({ frames }) => frames)).toHaveLength(4);
  });

  test("the consumers of a fifo endpoint get one delivery at a time, in order", async () => {
    using place = await open({ ordering: "fifo" });
    const { world, send, connect } = place;
    const order: number[] = [];
    const both = [0, 1].map(() => connect());
    for (const consumer of both) {
      const { send: deliver } = consumer;
      consumer.send = (text) => {
        deliver.call(consumer, text);
        order.push(consumer.messages.at(-1)!);
      };
    }
    await send(20);
    await world.pass(HOUR);
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test.each(["parallel", "fifo"] as const)(
    "in a %s lane, deliveries that wait for a retry are due when the first consumer connects",
    async (ordering) => {
      using place = await open({ ordering }, { policy: { retryScheduleMs: [DAY] } });
      const { world, send, connect } = place;
      const messages = await send(1200);
      const later = await send(1, { deliverAt: world.now + 2 * DAY });
      await world.pass(MINUTE);
      const before = world.time;
      const consumer = connect();
      await world.pass(MINUTE);
      expect(world.time - before).toBeLessThan(DAY);
      expect(await world.states(messages)).toEqual(messages.map(() => "delivered"));
      expect(await world.states(later)).toEqual(["pending"]);
      expect(consumer.messages).toEqual(Array.from({ length: 1200 }, (_, i) => i + 1));
    },
  );

  test.each(["parallel", "fifo"] as const)(
    "in a %s lane, a batch that waits for a retry is sent as a whole when the first consumer connects",
    async (ordering) => {
      const batch = { maxMessages: 3, maxWaitMs: SECOND };
      using place = await open({ ordering, batch }, { policy: { retryScheduleMs: [DAY] } });
      const { world, send, connect } = place;
      const messages = await send(7);
      await world.pass(MINUTE);
      const consumer = connect();
      await world.pass(MINUTE);
      expect(await world.states(messages)).toEqual(messages.map(() => "delivered"));
      const sent = consumer.frames.map(({ body }) =>
        (JSON.parse(body!) as { payload: { message: number } }[]).map(({ payload }) => payload.message),
      );
      expect(sent).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
    },
  );

  test("when a second consumer connects, retries stay at their time", async () => {
    using place = await open({}, { policy: { retryScheduleMs: [DAY] } });
    const { world, send, connect } = place;
    connect(() => ({ error: "busy" }));
    const [message] = await send();
    await world.pass(MINUTE);
    const second = connect();
    await world.pass(MINUTE);
    expect(second.frames).toEqual([]);
    expect(await world.states([message!])).toEqual(["pending"]);
  });

  test("frames without an acknowledgement are sent again after the process has died", async () => {
    using place = await open();
    const { world, endpoint, send, connect } = place;
    const before = connect(keep);
    const messages = await send(3);
    await world.pass(1);
    before.ack(before.frames[0]!);
    await world.pass(1);
    expect(before.frames).toHaveLength(3);
    await world.restart();
    const after = new FakeConsumer(world.kernel, endpoint.seq);
    await world.pass(HOUR);
    expect(await world.states(messages)).toEqual(["delivered", "delivered", "delivered"]);
    expect(after.messages.toSorted()).toEqual([2, 3]);
  });

  test("when the server stops, consumers may still acknowledge what they have, and are then told that it stops", async () => {
    using place = await open();
    const { world, send, connect } = place;
    const consumer = connect(keep);
    const messages = await send(3);
    await world.pass(1);
    await world.do(() => world.kernel.socketConsumers.start());
    const stopped = world.engine.stop();
    await world.pass(SECOND);
    consumer.ack(consumer.frames[0]!);
    await world.pass(SECOND);
    await stopped;
    await world.kernel.socketConsumers.stop();
    expect(consumer.ends).toEqual(["1001"]);
    expect(await world.states(messages)).toEqual(["delivered", "pending", "pending"]);
  });
});

describe("the connections of a websocket endpoint's consumers", () => {
  test("the connections end with 4403 when the endpoint is disabled", async () => {
    using place = await open();
    const consumer = place.connect();
    await place.world.update(place.endpoint, { disabled: true });
    await place.world.pass(SECOND);
    expect(consumer.ends).toEqual(["4403"]);
  });

  test("the connections end with 4410 when the endpoint is deleted", async () => {
    using place = await open();
    const consumer = place.connect();
    await place.world.delete(place.endpoint);
    await place.world.pass(SECOND);
    expect(consumer.ends).toEqual(["4410"]);
  });

  test("the connections end with 4410 when the endpoint gets another URL", async () => {
    using place = await open();
    const consumer = place.connect();
    await place.world.update(place.endpoint, { url: "https://a.example/" });
    await place.world.pass(SECOND);
    expect(consumer.ends).toEqual(["4410"]);
  });

  test("the connections stay when another setting of the endpoint changes", async () => {
    using place = await open();
    const { world, endpoint, send, connect } = place;
    const consumer = connect();
    await world.update(endpoint, { description: "Changed." });
    await world.update(endpoint, { paused: true });
    const messages = await send(2);
    await world.pass(HOUR);
    expect(consumer.frames).toEqual([]);
    await world.update(endpoint, { paused: false });
    await world.pass(HOUR);
    expect(consumer.ends).toEqual([]);
    expect(await world.states(messages)).toEqual(["delivered", "delivered"]);
  });

  test("a consumer that connects just after its endpoint was disabled is disconnected", async () => {
    using place = await open({ disabled: true });
    const consumer = place.connect();
    await place.world.pass(SECOND);
    expect(consumer.ends).toEqual(["4403"]);
  });
});
