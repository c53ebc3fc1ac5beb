import { expect, test } from "bun:test";
import { createLog } from "../../src/telemetry/log.ts";
import { RecentLines } from "../../src/telemetry/recent-lines.ts";

test("the latest 200 warnings and errors are kept, the oldest first, and long lines are cut", () => {
  const lines = new RecentLines();
  const output = { write() {} };
  const log = createLog({ level: "debug", format: "pretty", onLine: (line) => lines.add(line) }, output);
  log.debug({}, "no");
  log.info({ level: "error" }, "no");
  expect(lines.list()).toEqual([]);
  for (let i = 0; i < 205; i++) log[i % 2 === 0 ? "warn" : "error"]({ i }, "yes");
  const kept = lines.list().map((line) => JSON.parse(line) as { readonly i: number; readonly level: string });
  expect([kept.length, kept[0]!.i, kept.at(-1)!.i]).toEqual([200, 5, 204]);
  expect(new Set(kept.map(({ level }) => level))).toEqual(new Set(["warn", "error"]));
  log.warn({ text: "x".repeat(100_000) }, "long");
  expect(lines.list().at(-1)!.length).toBe(4096);
});
