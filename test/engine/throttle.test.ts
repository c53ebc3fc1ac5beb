import { describe, expect, test } from "bun:test";
import { Throttle } from "../../src/deliver/throttle.ts";

const nobody = { seq: 99, ratePerSecond: null };
const endpoint = { seq: 1, ratePerSecond: 2 };
const application = { seq: 50, ratePerSecond: 1 };
const free = (seq: number) => ({ seq, ratePerSecond: null });

describe("the throttle", () => {
  test("the throttle allows every attempt if no rate is set, and otherwise no more than the rate", () => {
    const throttle = new Throttle();
    expect([1, 2, 3].map(() => throttle.take(free(3), nobody, 0))).toEqual([0, 0, 0]);
    expect(throttle.take(endpoint, nobody, 1000)).toBe(0);
    expect(throttle.take(endpoint, nobody, 1000)).toBe(500);
    expect(throttle.take(endpoint, nobody, 1500)).toBe(0);
  });

  test("the throttle takes a token from both rates or from neither", () => {
    const throttle = new Throttle();
    expect(throttle.take(endpoint, application, 0)).toBe(0);
    expect(throttle.take(endpoint, application, 0)).toBe(500);
    expect(throttle.take(endpoint, application, 500)).toBe(500);
    // The endpoint keeps its own token while it waits for the application's.
    expect(throttle.take(endpoint, nobody, 500)).toBe(0);
    expect(throttle.take(endpoint, application, 999)).toBe(1);
    expect(throttle.take(endpoint, application, 1000)).toBe(0);
  });

  test("the throttle gives the tokens of an application to its endpoints in the order in which they began to wait", () => {
    const throttle = new Throttle();
    expect(throttle.take(free(1), application, 0)).toBe(0);
    // The first endpoint always asks again before the others.
    expect(throttle.take(free(2), application, 0)).toBe(1000);
    expect(throttle.take(free(1), application, 0)).toBe(2000);
    expect(throttle.take(free(3), application, 0)).toBe(3000);
    expect(throttle.take(free(1), application, 1000)).toBe(1000);
    expect(throttle.take(free(2), application, 1000)).toBe(0);
    expect(throttle.take(free(2), application, 1000)).toBe(3000);
    expect(throttle.take(free(1), application, 2000)).toBe(0);
    expect(throttle.take(free(3), application, 3000)).toBe(0);
    expect(throttle.take(free(2), application, 4000)).toBe(0);
  });

  test("the throttle skips a waiting endpoint that does not ask again", () => {
    const throttle = new Throttle();
    expect(throttle.take(free(1), application, 0)).toBe(0);
    expect(throttle.take(free(2), application, 0)).toBe(1000);
    expect(throttle.take(free(3), application, 0)).toBe(2000);
    expect(throttle.take(free(3), application, 1050)).toBe(1000);
    expect(throttle.take(free(3), application, 2000)).toBe(0);
  });

  test("the throttle remembers the tokens used before a rate change", () => {
    const throttle = new Throttle();
    expect(throttle.take({ seq: 1, ratePerSecond: 1 }, nobody, 0)).toBe(0);
    expect(throttle.take({ seq: 1, ratePerSecond: 4 }, nobody, 0)).toBe(250);
  });

  test("the throttle continues after the clock was set back", () => {
    const throttle = new Throttle();
    expect(throttle.take(free(1), application, 100_000)).toBe(0);
    expect(throttle.take(free(2), application, 100_000)).toBe(1000);
    expect(throttle.take(free(2), application, 0)).toBe(1000);
    expect(throttle.take(free(2), application, 1000)).toBe(0);
  });

  test("the throttle forgets the least recently used bucket, which is full again by then", () => {
    const throttle = new Throttle(2);
    const take = (seq: number, now: number) => throttle.take({ seq, ratePerSecond: 1 }, nobody, now);
    expect([take(1, 0), take(2, 0), take(1, 500), take(3, 500), take(1, 600), take(2, 1000)]).toEqual([
      0, 0, 500, 0, 400, 0,
    ]);
  });
});
