import { expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../../src/edge/clock.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { KEY, openReplicated, restored } from "./replicated.ts";

setDefaultTimeout(120_000);

const WRITER = join(import.meta.dir, "killed-writer.ts");
const CYCLES = 9;

/** Runs the writer until it has confirmed a number of rows, and kills it. Returns the last confirmed. */
async function killedWriter(dataDir: string, location: string, first: number, rows: number): Promise<number> {
  const child = Bun.spawn([process.execPath, WRITER, dataDir, location, String(first)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    if (text.split("\n").length > rows) child.kill("SIGKILL");
  }
  if (text === "") throw new Error(await new Response(child.stderr).text());
  return Number(text.trimEnd().split("\n").at(-1));
}

/** Returns the last row, after checking that all rows before it are as they were written. */
async function lastRow(dataDir: string): Promise<number> {
  const store = await openReplicated(dataDir, null);
  const get = (name: string) => store.housekeeping.meta.get(name);
  const last = Number(await get("test-last"));
  const written = Number((await get(`test-${(last + 1) % 300}`))?.split(" ")[0] ?? -1);
  for (let number = Math.max(0, last - 298); number <= last; number++) {
    const value = await get(`test-${number % 300}`);
    expect(value).toBe(`${number} ${"x".repeat((number * 997) % 9000)}`);
  }
  await store.close();
  // The row after the last one may have been written without its number.
  expect([last + 1, last - 299, -1]).toContain(written);
  return last;
}

/** Writes like a command that runs while there is no server. */
async function command(dataDir: string): Promise<void> {
  const store = await openStore({
    ...{ dataDir, sync: "full", encryptionKey: KEY, clock: systemClock, onFact() {}, exclusive: false },
  });
  await store.housekeeping.meta.set("command", "was here");
  await store.close();
}

test("whenever a writer is killed, the replica restores every row that it has confirmed", async () => {
  using dir = temporaryDirectory();
  const [data, replica] = [dir.file("data"), dir.file("replica")];
  let next = 0;
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const confirmed = await killedWriter(data, replica, next, 20 + Math.floor(Math.random() * 150));
    // In other cycles, the next writer continues with the data that the killed one has left.
    if (cycle % 3 === 0) {
      rmSync(data, { recursive: true });
      await restored(replica, data);
      next = (await lastRow(data)) + 1;
      expect(next).toBeGreaterThan(confirmed);
    } else {
      if (cycle % 3 === 1) await command(data);
      next = confirmed + 1;
    }
  }
});
