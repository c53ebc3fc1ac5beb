import { describe, expect, test } from "bun:test";
import { CLOSE } from "../../src/core/close-code.ts";
import type { ConsumerSocket, FrameEnd } from "../../src/sockets/consumer.ts";
import { EndpointConsumers } from "../../src/sockets/endpoint-consumers.ts";

/** The connection of a consumer that records what it gets. */
class FakeSocket implements ConsumerSocket {
  readonly sent: string[] = [];
  readonly ends: string[] = [];
  unsentBytes = 0;

  send(text: string): void {
    this.sent.push(text);
  }
  ping(): void {}
  close(code: number): void {
    this.ends.push(`close ${code}`);
  }
  terminate(): void {
    this.ends.push("terminate");
  }
}

const never = new AbortController().signal;

function ack(deliveryId: string): string {
  return JSON.stringify({ type: "ack", deliveryId });
}

/** Returns the value with which a promise has resolved, or `pending`. */
async function settled<T>(promise: Promise<T>): Promise<T | "pending"> {
  await new Promise((resolve) => setImmediate(resolve));
  return Promise.race([promise, Promise.resolve("pending" as const)]);
}

/** An endpoint with consumers that have this many places. */
function endpointWith(...prefetches: readonly number[]) {
  const endpoint = new EndpointConsumers();
  const consumers = prefetches.map((prefetch) => {
    const socket = new FakeSocket();
    return { socket, consumer: endpoint.add(socket, prefetch) };
  });
  return { endpoint, consumers };
}

/** Delivers frames with these ids, whose text is their id. */
function deliver(endpoint: EndpointConsumers, ...ids: readonly string[]): Promise<FrameEnd>[] {
  return ids.map((id) => endpoint.deliver(id, id, never));
}

describe("the consumers of an endpoint", () => {
  test("a delivery succeeds when its consumer acknowledges it", async () => {
    const { endpoint, consumers } = endpointWith(2);
    const [first, second] = deliver(endpoint, "a", "b");
    consumers[0]!.consumer.received(ack("b"));
    expect(await settled(second!)).toEqual({ kind: "ack" });
    expect(await settled(first!)).toBe("pending");
  });

  test("a refused delivery has the error and the wait that the consumer states", async () => {
    const { endpoint, consumers } = endpointWith(1);
    const [delivery] = deliver(endpoint, "a");
    const refusal = { type: "nack", deliveryId: "a", error: "No stock.", retryAfterMs: 1500 };
    consumers[0]!.consumer.received(JSON.stringify(refusal));
    expect(await settled(delivery!)).toEqual({ kind: "nack", error: "No stock.", retryAfterMs: 1500 });
  });

  test.each<[string, object]>([
    ["another type of the error", { error: 7 }],
    ["a negative wait", { retryAfterMs: -1 }],
    ["a wait that is a text", { retryAfterMs: "1" }],
  ])("a refusal with %s is treated as one without it", async (_, fields) => {
    const { endpoint, consumers } = endpointWith(1);
    const [delivery] = deliver(endpoint, "a");
    consumers[0]!.consumer.received(JSON.stringify({ type: "nack", deliveryId: "a", ...fields }));
    expect(await settled(delivery!)).toEqual({ kind: "nack", error: "", retryAfterMs: null });
  });

  test("each frame goes to the consumer with the fewest unacknowledged ones", () => {
    const { endpoint, consumers } = endpointWith(8, 8, 8);
    deliver(endpoint, "a", "b", "c", "d", "e", "f");
    consumers[1]!.consumer.received(ack("b"));
    consumers[1]!.consumer.received(ack("e"));
    deliver(endpoint, "g", "h");
    expect(consumers.map(({ socket }) => socket.sent)).toEqual([
      ["a", "d"],
      ["b", "e", "g", "h"],
      ["c", "f"],
    ]);
  });

  test("no consumer gets more unacknowledged frames than its prefetch", () => {
    const { endpoint, consumers } = endpointWith(1, 3);
    deliver(endpoint, "a", "b", "c", "d", "e");
    expect(consumers.map(({ socket }) => socket.sent.length)).toEqual([1, 3]);
  });

  test("an endpoint is full when as many attempts are under way as its consumers have places", () => {
    const { endpoint } = endpointWith(1, 2);
    expect([0, 1, 2, 3, 4].map((underWay) => endpoint.isFull(underWay))).toEqual([false, false, false, true, true]);
    deliver(endpoint, "a", "b");
    expect([2, 3].map((underWay) => endpoint.isFull(underWay))).toEqual([false, true]);
  });

  test("an endpoint without consumers is never full, so that its attempts fail", async () => {
    const { endpoint } = endpointWith();
    expect(endpoint.isFull(1_000)).toBe(false);
    expect(await settled(deliver(endpoint, "a")[0]!)).toEqual({ kind: "none" });
  });

  test("a consumer that does not read gets no further frames until it has read", () => {
    const { endpoint, consumers } = endpointWith(8);
    const { socket, consumer } = consumers[0]!;
    socket.unsentBytes = 1024 * 1024;
    deliver(endpoint, "a", "b");
    expect(socket.sent).toEqual(["a"]);
    expect(endpoint.isFull(2)).toBe(true);
    socket.unsentBytes = 0;
    consumer.drained();
    expect(socket.sent).toEqual(["a", "b"]);
    expect(endpoint.isFull(2)).toBe(false);
  });

  test("a consumer that has not read when a delivery times out is disconnected", async () => {
    const { endpoint, consumers } = endpointWith(8);
    const { socket, consumer } = consumers[0]!;
    socket.unsentBytes = 1024 * 1024;
    const timeout = new AbortController();
    const delivery = endpoint.deliver("a", "a", timeout.signal);
    timeout.abort();
    expect(await settled(delivery)).toEqual({ kind: "aborted", wasSent: true });
    expect(socket.ends).toEqual(["terminate"]);
    endpoint.remove(consumer);
    expect(endpoint.count).toBe(0);
  });

  test("a delivery that times out frees the place of its consumer, and its late acknowledgement is ignored", async () => {
    const { endpoint, consumers } = endpointWith(1);
    const timeout = new AbortController();
    const first = endpoint.deliver("a", "a", timeout.signal);
    expect(endpoint.isFull(1)).toBe(true);
    timeout.abort();
    expect(await settled(first)).toEqual({ kind: "aborted", wasSent: true });
    const [second] = deliver(endpoint, "b");
    consumers[0]!.consumer.received(ack("a"));
    expect(await settled(second!)).toBe("pending");
    expect(consumers[0]!.socket.sent).toEqual(["a", "b"]);
  });

  test("the frames of a consumer that disconnects are lost, and the others stay", async () => {
    const { endpoint, consumers } = endpointWith(2, 2);
    const [first, second] = deliver(endpoint, "a", "b");
    endpoint.remove(consumers[0]!.consumer);
    expect(await settled(first!)).toEqual({ kind: "lost" });
    expect(await settled(second!)).toBe("pending");
    expect([1, 2].map((underWay) => endpoint.isFull(underWay))).toEqual([false, true]);
  });

  test("a frame waits until a consumer has room, and fails when the last consumer disconnects", async () => {
    const { endpoint, consumers } = endpointWith(1);
    const [, second, third] = deliver(endpoint, "a", "b", "c");
    consumers[0]!.consumer.received(ack("a"));
    expect(consumers[0]!.socket.sent).toEqual(["a", "b"]);
    endpoint.remove(consumers[0]!.consumer);
    expect(await settled(second!)).toEqual({ kind: "lost" });
    expect(await settled(third!)).toEqual({ kind: "none" });
  });

  test("a frame whose delivery times out before a consumer has room was not sent", async () => {
    const { endpoint, consumers } = endpointWith(1);
    deliver(endpoint, "a");
    const timeout = new AbortController();
    const second = endpoint.deliver("b", "b", timeout.signal);
    timeout.abort();
    expect(await settled(second)).toEqual({ kind: "aborted", wasSent: false });
    consumers[0]!.consumer.received(ack("a"));
    expect(consumers[0]!.socket.sent).toEqual(["a"]);
  });

  test.each([
    ["an unknown type", '{"type":"hello","deliveryId":"a"}'],
    ["an unknown delivery", '{"type":"ack","deliveryId":"z"}'],
    ["a delivery that is not a text", '{"type":"ack","deliveryId":1}'],
    ["no fields", "{}"],
  ])("a frame with %s is ignored", async (_, text) => {
    const { endpoint, consumers } = endpointWith(1);
    const [delivery] = deliver(endpoint, "a");
    consumers[0]!.consumer.received(text);
    expect(await settled(delivery!)).toBe("pending");
    expect(consumers[0]!.socket.ends).toEqual([]);
  });

  test.each(["", "ack", "1", "null", "[]", '"ack"', "{"])(
    "the frame %j, which is not a JSON object, closes the connection",
    (text) => {
      const { consumers } = endpointWith(1);
      consumers[0]!.consumer.received(text);
      expect(consumers[0]!.socket.ends).toEqual([`close ${CLOSE.invalidFrame}`]);
    },
  );

  test("a consumer whose connection is closing gets no further frames, but may acknowledge those it has", async () => {
    const { endpoint, consumers } = endpointWith(4, 4);
    const [first] = deliver(endpoint, "a");
    consumers[0]!.consumer.close(CLOSE.ended, "");
    deliver(endpoint, "b", "c");
    consumers[0]!.consumer.received(ack("a"));
    expect(await settled(first!)).toEqual({ kind: "ack" });
    expect(consumers.map(({ socket }) => socket.sent)).toEqual([["a"], ["b", "c"]]);
  });
});
