import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { until } from "../../../support/delivery.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { optionsFor } from "../open.ts";
import { KEY, openReplicated, valuesIn } from "./replicated.ts";

test("a replica has what was committed before the store was closed", async () => {
  using dir = temporaryDirectory();
  const [data, replica] = [dir.file("data"), dir.file("replica")];
  const store = await openReplicated(data, replica);
  for (let i = 0; i < 50; i++) await store.housekeeping.meta.set(`test-${i}`, `value ${i}`);
  await store.close();
  expect(await valuesIn(replica, dir.file("new"), ["test-0", "test-49", "test-50"])).toEqual([
    "value 0",
    "value 49",
    null,
  ]);
});

test("a store that was closed continues its replica without another copy of the database", async () => {
  using dir = temporaryDirectory();
  const [data, replica] = [dir.file("data"), dir.file("replica")];
  for (let i = 0; i < 3; i++) {
    const store = await openReplicated(data, replica);
    await store.housekeeping.meta.set(`test-${i}`, `value ${i}`);
    await store.close();
  }
  expect(readdirSync(replica).filter((name) => name.startsWith("generation-"))).toHaveLength(1);
  expect(await valuesIn(replica, dir.file("new"), ["test-0", "test-1", "test-2"])).toEqual([
    "value 0",
    "value 1",
    "value 2",
  ]);
});

test("a replica gets what a command commits while the server commits nothing", async () => {
  using dir = temporaryDirectory();
  const [data, replica] = [dir.file("data"), dir.file("replica")];
  const store = await openReplicated(data, replica);
  await until(
    async () => store.replica!.state().copiedAt,
    (copiedAt) => copiedAt !== null,
  );
  const command = await openStore(optionsFor(data, { encryptionKey: KEY, exclusive: false }));
  await command.housekeeping.meta.set("by-command", "yes");
  await command.close();
  await until(
    () => valuesIn(replica, dir.file("new"), ["by-command"]),
    ([value]) => value === "yes",
  );
  await store.close();
});
