import { expect, test } from "bun:test";
import { InTurn } from "../../../src/api/http/in-turn.ts";

test("work on the same thing is done one after the other, in the order it was asked for", async () => {
  const inTurn = new InTurn();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = inTurn.run(1, async () => {
    order.push("first begins");
    await gate.promise;
    order.push("first ends");
  });
  const second = inTurn.run(1, async () => void order.push("second"));
  gate.resolve();
  await Promise.all([first, second]);
  expect(order).toEqual(["first begins", "first ends", "second"]);
});

test("work on different things does not wait", async () => {
  const inTurn = new InTurn();
  const gate = Promise.withResolvers<void>();
  const first = inTurn.run(1, () => gate.promise);
  await inTurn.run(2, async () => gate.resolve());
  await first;
});

test("work that fails tells its caller and lets the next go on", async () => {
  const inTurn = new InTurn();
  const first = inTurn.run(1, () => Promise.reject(new Error("no")));
  const second = inTurn.run(1, async () => "yes");
  await expect(first).rejects.toThrow("no");
  expect(await second).toBe("yes");
});
