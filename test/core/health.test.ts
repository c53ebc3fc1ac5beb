import { describe, expect, test } from "bun:test";
import { afterAttempt, shouldDisable } from "../../src/core/health.ts";

describe("endpoint health", () => {
  test("an endpoint has been failing since its first failure", () => {
    expect(afterAttempt(null, false, 100)).toBe(100);
    expect(afterAttempt(100, false, 200)).toBe(100);
  });

  test("one success makes an endpoint healthy again", () => {
    expect(afterAttempt(100, true, 200)).toBeNull();
    expect(afterAttempt(null, true, 200)).toBeNull();
  });

  test("an endpoint is disabled once it has failed for the whole time limit, and not earlier", () => {
    expect(shouldDisable(100, 1099, 1000)).toBe(false);
    expect(shouldDisable(100, 1100, 1000)).toBe(true);
  });

  test("an endpoint is not disabled by its first failure", () => {
    expect(shouldDisable(afterAttempt(null, false, 5), 5, 1)).toBe(false);
  });

  test("an endpoint is not disabled while it is healthy", () => {
    expect(shouldDisable(null, 1e15, 1)).toBe(false);
  });

  test("an endpoint is never disabled when the setting is 0", () => {
    expect(shouldDisable(0, 1e15, 0)).toBe(false);
  });
});
