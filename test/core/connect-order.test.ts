import { expect, test } from "bun:test";
import { connectOrder, connectShareMs } from "../../src/core/connect-order.ts";

const table: [ipv4: string[], ipv6: string[], turn: number, order: string[]][] = [
  [["a"], [], 0, ["a"]],
  [["a"], [], 7, ["a"]],
  [["a", "b", "c"], [], 0, ["a", "b", "c"]],
  [["a", "b", "c"], [], 1, ["b", "c", "a"]],
  [["a", "b", "c"], [], 5, ["c", "a", "b"]],
  [["a", "b"], ["x", "y"], 0, ["a", "x", "b", "y"]],
  [["a", "b"], ["x", "y"], 1, ["b", "y", "a", "x"]],
  [["a"], ["x", "y", "z"], 1, ["a", "y", "z", "x"]],
  [[], ["x", "y"], 1, ["y", "x"]],
];
for (const [ipv4, ipv6, turn, order] of table) {
  test(`connection number ${turn} to the IPv4 addresses [${ipv4}] and the IPv6 addresses [${ipv6}] tries them in the order [${order}]`, () => {
    expect(connectOrder(ipv4, ipv6, turn)).toEqual(order);
  });
}

const shares: [timeoutMs: number, count: number, shareMs: number][] = [
  [15_000, 2, 5000],
  [15_000, 3, 3750],
  [15_000, 6, 1500],
  [1000, 2, 500],
  [600_000, 2, 5000],
];
for (const [timeoutMs, count, shareMs] of shares) {
  test(`with a timeout of ${timeoutMs} ms and ${count} addresses, each address except the last gets ${shareMs} ms`, () => {
    expect(connectShareMs(timeoutMs, count)).toBe(shareMs);
  });
}
