import { expect, test } from "bun:test";
import { IdleConnections } from "../../src/edge/idle-connections.ts";

test("a connection can be taken once for each time that it was given", () => {
  const idle = new IdleConnections();
  expect(idle.take("a")).toBe(false);
  idle.give("a");
  idle.give("a");
  expect([idle.take("a"), idle.take("b"), idle.take("a"), idle.take("a")]).toEqual([true, false, true, false]);
});

test("of very many origins the oldest are forgotten", () => {
  const idle = new IdleConnections();
  for (let i = 0; i < 1001; i++) idle.give(`origin ${i}`);
  expect([idle.take("origin 0"), idle.take("origin 1"), idle.take("origin 1000")]).toEqual([false, true, true]);
});
