import { describe, expect, test } from "bun:test";
import { afterAttempt, shouldDisable } from "../../src/core/health.ts";

describe("an endpoint", () => {
  test("fails since its first failure", () => {
    expect(afterAttempt(null, false, 100)).toBe(100);
    expect(afterAttempt(100, false, 200)).toBe(100);
  });

  test("is healed by one success", () => {
    expect(afterAttempt(100, true, 200)).toBeNull();
    expect(afterAttempt(null, true, 200)).toBeNull();
  });

  test("is disabled when it has failed for the whole time, and not before", () => {
    expect(shouldDisable(100, 1099, 1000)).toBe(false);
    expect(shouldDisable(100, 1100, 1000)).toBe(true);
  });

  test("is not disabled by its first failure", () => {
    expect(shouldDisable(afterAttempt(null, false, 5), 5, 1)).toBe(false);
  });

  test("is not disabled while healthy", () => {
    expect(shouldDisable(null, 1e15, 1)).toBe(false);
  });

  test("is never disabled when the setting is 0", () => {
    expect(shouldDisable(0, 1e15, 0)).toBe(false);
  });
});
