import { expect, test } from "bun:test";
import { migrations } from "../../src/store/sqlite/schema/migrations.ts";
import { KILLS } from "../crash/kill.ts";
import { crashMigration } from "../crash/migration.ts";
import { crash, crashFirstStart } from "../crash/run.ts";

/** One for each way to kill the server. `bun run crash --cycles 50` runs more cycles. */
const CYCLES = KILLS.length;

test("killing the server under load, or a start, shutdown, backup, restore or key rotation, loses no acknowledged change", async () => {
  const outcome = await crash(CYCLES);
  console.log(`${CYCLES} kills under all operations: ${JSON.stringify(outcome)}`);
  expect(outcome).toMatchObject({ lost: 0, unlike: 0, disordered: 0, undone: 0 });
  expect(outcome).toMatchObject({ lostFromSource: 0, storedTwice: 0, unlikeSource: 0, disorderedFromSource: 0 });
  const { accepted, expunged, deleted, redrives, received, duplicates } = outcome;
  expect(Math.min(accepted, expunged, deleted, redrives, received, duplicates)).toBeGreaterThan(0);
}, 180_000);

test("if the first process on an empty data directory is killed, the next one serves and delivers", async () => {
  for (let i = 0; i < CYCLES; i++) await crashFirstStart();
}, 60_000);

test("an upgrade of data from an earlier version that is killed again and again loses nothing, and its copies are whole", async () => {
  for (const from of [1, 5, migrations.length - 1]) {
    const outcome = await crashMigration(from);
    console.log(`an upgrade from schema ${from} was killed; schemas found: ${outcome.seen.join(", ")}`);
    expect(outcome).toMatchObject({ from, changed: 0, brokenCopies: 0 });
  }
}, 120_000);
