import { beforeEach, describe, expect, test } from "bun:test";
import { FailedTargets } from "../../../src/edge/http-client/failed-targets.ts";
import type { ConnectionTarget } from "../../../src/edge/http-client/target.ts";

let now: number;
let failed: FailedTargets;
beforeEach(() => {
  now = 1000;
  failed = new FailedTargets(() => now);
});

const [a, b, c] = ["a", "b", "c"].map((key) => target(key)) as [ConnectionTarget, ConnectionTarget, ConnectionTarget];

function target(key: string): ConnectionTarget {
  return { address: key, port: 80, tls: null, proxy: null, key };
}

function ordered(...targets: ConnectionTarget[]): string {
  return failed
    .order(targets)
    .map(({ key }) => key)
    .join(" ");
}

describe("targets that failed", () => {
  test("a target that failed is tried last, and the others keep their order", () => {
    failed.addFailed(a);
    expect([ordered(a, b, c), ordered(b, a, c), ordered(c, b, a)]).toEqual(["b c a", "b c a", "c b a"]);
  });

  test("targets keep their order if all of them failed", () => {
    for (const one of [a, b, c]) failed.addFailed(one);
    expect(ordered(b, c, a)).toBe("b c a");
  });

  test("the last place of a route goes to a working target if the others are not known to work", () => {
    const route = () =>
      failed
        .route([a, b, c], 2)
        .map(({ key }) => key)
        .join(" ");
    expect(route()).toBe("a b");
    failed.addWorking(c);
    expect(route()).toBe("a c");
    failed.addWorking(b);
    expect(route()).toBe("a b");
    failed.addFailed(b);
    expect(route()).toBe("a c");
  });

  test("a target that works again returns to its place", () => {
    failed.addFailed(a);
    failed.addWorking(a);
    expect([ordered(a, b), failed.size]).toEqual(["a b", 0]);
  });

  test("after a pause, one request tries a failed target again while other requests still avoid it", () => {
    failed.addFailed(a);
    now += 30_000;
    expect([ordered(a, b), ordered(a, b)]).toEqual(["a b", "b a"]);
  });

  test("the pause before a failed target is tried again doubles with each failure, up to ten minutes", () => {
    for (let i = 0; i < 20; i++) failed.addFailed(a);
    now += 599_999;
    expect(ordered(a, b)).toBe("b a");
    now += 1;
    expect(ordered(a, b)).toBe("a b");
  });

  test("at most 10,000 targets are remembered, and the oldest is forgotten first", () => {
    failed.addFailed(a);
    for (let i = 0; i < 10_000; i++) failed.addFailed(target(`other ${i}`));
    expect([failed.size, ordered(a, b)]).toEqual([10_000, "a b"]);
  });
});
