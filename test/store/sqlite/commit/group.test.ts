import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { memoryWorld, sqliteError } from "../memory-world.ts";
import { optionsFor } from "../open.ts";

const KILLED = join(import.meta.dir, "killed-in-group.ts");

describe("the writes of a group", () => {
  test.each(["SQLITE_FULL", "SQLITE_IOERR_FSYNC"])("a group fails as a whole if the disk reports %s", async (code) => {
    await using memory = await memoryWorld();
    const { meta } = memory.world.store.housekeeping;
    const group = () => memory.world.store.together(() => [meta.set("one", "1"), meta.set("two", "2")]);
    memory.trouble = sqliteError(code);
    await expect(group()).rejects.toBeInstanceOf(StoreUnavailable);
    expect([await meta.get("one"), await meta.get("two")]).toEqual([null, null]);
    memory.trouble = null;
    await group();
    expect([await meta.get("one"), await meta.get("two")]).toEqual(["1", "2"]);
  });

  test("a group fails as a whole if the disk fills up half-way through it", async () => {
    await using memory = await memoryWorld();
    const { world } = memory;
    const { applications } = world.store.configuration;
    const application = world.newApplication();
    const group = world.store.together(() => [
      applications.create(application),
      applications.update(application.seq, () => {
        throw sqliteError("SQLITE_FULL");
      }),
    ]);
    await expect(group).rejects.toThrow("The disk is full");
    expect(await applications.get(application.seq)).toBeNull();
  });

  test("a group is neither stored nor resolved when the process dies before its commit", async () => {
    await using memory = await memoryWorld();
    const { meta } = memory.world.store.housekeeping;
    let hasSettled = false;
    void memory.world.store
      .together(() => [meta.set("one", "1"), meta.set("two", "2")])
      .finally(() => {
        hasSettled = true;
      });
    memory.crash();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasSettled).toBe(false);
    expect([await meta.get("one"), await meta.get("two")]).toEqual([null, null]);
  });

  test("no part of a group is stored when the process is killed in the middle of the group", async () => {
    using home = temporaryDirectory();
    const child = Bun.spawn([process.execPath, KILLED, home.path], { stdout: "inherit", stderr: "inherit" });
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
    const store = await openStore(optionsFor(home.path));
    const { meta } = store.housekeeping;
    expect([await meta.get("before"), await meta.get("in the group")]).toEqual(["1", null]);
    await store.close();
  });
});
