import { expect, test } from "bun:test";
import { KILLS } from "../crash/kill.ts";
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
