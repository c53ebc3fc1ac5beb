import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { install } from "../support/installation.ts";

/** Sets the latest time in the data of a stopped server back by ten years. */
function age(dataDir: string): void {
  using db = new Database(join(dataDir, "boathook.db"));
  const at = Date.now() - 10 * 365 * 86_400_000;
  const trust = JSON.stringify({ trustedAt: at, seenAt: at, doubtedSince: null });
  expect(db.query("UPDATE meta SET value = ? WHERE name = 'clock-trust'").run(trust).changes).toBe(1);
}

test("a server whose clock is years ahead warns until the operator accepts the clock", async () => {
  await using boathook = await install();
  const restart = async (...args: string[]) => {
    await boathook.process.stop();
    await boathook.start(...args);
    return boathook.process.log.filter(({ msg }) => msg.startsWith("Clock"));
  };
  expect(await restart()).toEqual([]);
  await boathook.process.stop();
  age(boathook.dataDir);
  expect(await restart()).toMatchObject([{ level: "warn", aheadDays: 3650 }]);
  expect(await restart()).toHaveLength(1);
  expect(await restart("--accept-clock")).toEqual([]);
  expect(await restart()).toEqual([]);
});
