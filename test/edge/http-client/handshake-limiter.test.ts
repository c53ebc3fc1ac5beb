import { describe, expect, test } from "bun:test";
import { HandshakeLimiter } from "../../../src/edge/http-client/handshake-limiter.ts";

/**
 * Requests this many handshakes from a limiter. Returns the numbers of the handshakes that have
 * started, in order, and a function that ends some of them.
 */
function limiterWith(count: number) {
  const limiter = new HandshakeLimiter();
  const started: number[] = [];
  const ends = Array.from({ length: count }, (_, i) => limiter.run(() => void started.push(i)));
  return { started, end: (from: number, to: number) => ends.slice(from, to).forEach((end) => void end()) };
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("the handshake limiter", () => {
  test("a handshake starts immediately if none runs", () => {
    const { started, end } = limiterWith(1);
    end(0, 1);
    expect(started).toEqual([0]);
  });

  test("while more than five handshakes are under way, one starts in each turn of the event loop", async () => {
    const { started } = limiterWith(100);
    expect(started).toEqual(upTo(6));
    await turn();
    expect(started).toEqual(upTo(7));
    await turn();
    expect(started).toEqual(upTo(8));
  });

  test("the next group of handshakes starts when only five of the previous group are under way", async () => {
    const { started, end } = limiterWith(100);
    expect(started).toHaveLength(6);
    end(0, 1);
    expect(started).toEqual(upTo(33));
    end(1, 27);
    expect(started).toEqual(upTo(33));
    end(27, 28);
    expect(started).toEqual(upTo(60));
  });

  test("all handshakes start even if none of them ends", async () => {
    const { started } = limiterWith(20);
    for (let i = 0; i < 20; i++) await turn();
    expect(started).toEqual(upTo(20));
  });

  test("a handshake that is cancelled while it waits does not start", async () => {
    const { started, end } = limiterWith(10);
    end(6, 9);
    for (let i = 0; i < 10; i++) await turn();
    expect(started).toEqual([...upTo(6), 9]);
  });

  test("a handshake whose end is reported twice counts only once", () => {
    const { started, end } = limiterWith(100);
    end(0, 1);
    for (let i = 0; i < 10; i++) end(0, 26);
    expect(started).toEqual(upTo(33));
  });
});
