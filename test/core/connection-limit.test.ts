import { expect, test } from "bun:test";
import { connectionsMaxFor, connectionsProblem, excessMax } from "../../src/core/connection-limit.ts";

test("the limit of connections leaves descriptors to all attempts and to the server's own files", () => {
  for (const [filesMax, concurrency] of [
    [4096, 256],
    [8192, 100],
    [20_000, 1],
  ] as const) {
    const connectionsMax = connectionsMaxFor(filesMax, concurrency, null);
    expect(connectionsMax + excessMax(connectionsMax)).toBeLessThanOrEqual(filesMax - concurrency * 9 - 128);
  }
});

test("if there are too few descriptors for all attempts, attempts and connections share them equally", () => {
  for (const filesMax of [64, 300, 1024]) {
    const connectionsMax = connectionsMaxFor(filesMax, 256, null);
    expect(connectionsMax + excessMax(connectionsMax)).toBeLessThanOrEqual(filesMax / 2);
    expect(connectionsMax).toBeGreaterThanOrEqual(filesMax / 4);
  }
  expect(connectionsMaxFor(8, 1, null)).toBe(1);
  // With a higher limit, connections get the 512 descriptors that the warning at the start expects.
  expect(connectionsMaxFor(2816, 256, null)).toBe(409);
});

test("without the setting, at most 10,000 connections are allowed, and the setting can allow more", () => {
  expect(connectionsMaxFor(1_048_576, 256, null)).toBe(10_000);
  expect(connectionsMaxFor(1_048_576, 256, 50_000)).toBe(50_000);
  expect(connectionsMaxFor(1_048_576, 256, 7)).toBe(7);
});

test("a setting for which there are too few descriptors is lowered, and the problem names both numbers", () => {
  const connectionsMax = connectionsMaxFor(1024, 256, 1000);
  expect(connectionsMax).toBe(409);
  expect(connectionsProblem(1024, connectionsMax, 1000)).toBe(
    "The limit of open files is 1024, so at most 409 client connections are accepted instead of max-connections 1000. Raise the limit (ulimit -n, or LimitNOFILE in systemd).",
  );
  expect(connectionsProblem(1024, 409, 409)).toBeNull();
  expect(connectionsProblem(1024, 409, null)).toBeNull();
});
