import { describe, expect, test } from "bun:test";
import { afterAttempt, shouldDisable } from "../../src/core/health.ts";

describe("endpoint health", () => {
  test("an endpoint is failing from its first failure on", () => {
    expect(afterAttempt(null, false, 100)).toBe(100);
    expect(afterAttempt(100, false, 200)).toBe(100);
  });

  test("one success makes an endpoint healthy again", () => {
    expect(afterAttempt(100, true, 200)).toBeNull();
    expect(afterAttempt(null, true, 200)).toBeNull();
  });

  test("an endpoint is disabled only when it has failed for the whole time limit", () => {
    expect(shouldDisable(100, 1099, 1000)).toBe(false);
    expect(shouldDisable(100, 1100, 1000)).toBe(true);
  });

  test("the first failure of an endpoint does not disable it", () => {
    expect(shouldDisable(afterAttempt(null, false, 5), 5, 1)).toBe(false);
  });

  test("a healthy endpoint is not disabled", () => {
    expect(shouldDisable(null, 1e15, 1)).toBe(false);
  });

  test("an endpoint is never disabled if the time limit is 0", () => {
    expect(shouldDisable(0, 1e15, 0)).toBe(false);
  });
});
