import { expect, test } from "bun:test";
import { join } from "node:path";
import { lastMeasured, planTable, withPlan } from "../../scripts/plan-table.ts";

const PAGE = join(import.meta.dir, "../../web/guide/pages/shards.md");

test("the plan in the guide is computed from the figures of the last bench", async () => {
  const text = await Bun.file(PAGE).text();
  expect(withPlan(text, planTable(await lastMeasured()))).toBe(text);
});

test("the plan counts shards from half of what a server delivers, and rounds machines up", () => {
  const plan = planTable({
    deliveredWithRetention: 10_000,
    delivered: 12_000,
    cpuMicros: 80,
    memoryMegabytes: 200,
    writtenBytes: 2_500,
    syncs: 0.02,
    storedBytes: 1_000,
  });
  const numbers = Object.fromEntries(plan.split("\n").map((line) => line.split(" | ").slice(0, 2)));
  expect(numbers).toMatchObject({
    "| shards": "200",
    "| CPU of the servers": "80 cores",
    "| machines with 16 cores and 64 GiB, 8 shards each": "25",
    "| memory of the shards": "40 GB",
    "| written to the disks of one machine": "100 MB/s",
    "| syncs of the disks of one machine": "800/s",
    "| stored with a retention of one day": "86 TB in all, 3.5 TB for each machine",
    "| network of one machine, in and out": "0.6 Gbit/s each",
    "| open connections of one shard": "1,000",
    "| cost": "19,500 € a month",
  });
});
