import { expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { IDENTITY } from "../../../../src/core/replica-name.ts";
import { DirectoryVault } from "../../../../src/store/sqlite/replica/directory-vault.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";

const BYTES = new Uint8Array(10);

test.each(["put", "append"] as const)("%s says that the directory was removed, also while it works", async (verb) => {
  using dir = temporaryDirectory();
  const root = dir.file("replica");
  const vault = new DirectoryVault(root);
  await vault.lock();
  writeFileSync(`${root}/${IDENTITY}`, "{}");
  mkdirSync(`${root}/generation-1`);
  const working = vault[verb]("generation-1/object", BYTES);
  // The path has been made, and nothing has been written.
  rmSync(root, { recursive: true });
  await expect(working).rejects.toThrow("was removed or is no longer mounted");
  await vault.close();
});

test("an object of a directory that is there is missing for its own reason", async () => {
  using dir = temporaryDirectory();
  const vault = new DirectoryVault(dir.file("replica"));
  await vault.lock();
  writeFileSync(`${dir.file("replica")}/${IDENTITY}`, "{}");
  mkdirSync(dir.file("replica/generation-1"));
  const working = vault.put("generation-1/object", BYTES);
  rmSync(dir.file("replica/generation-1"), { recursive: true });
  await expect(working).rejects.toThrow("ENOENT");
  await vault.close();
});
