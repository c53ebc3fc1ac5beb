import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { executable, run } from "../support/binary.ts";
import { install } from "../support/installation.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const restore = (file: string, dataDir: string) => run(executable(), ["restore", file, `--data-dir=${dataDir}`]);

test("a backup at the path to which a restore writes stays as it was", async () => {
  using dir = temporaryDirectory();
  await using boathook = await install();
  mkdirSync(dir.file("new"));
  const file = dir.file("new/boathook.db.restoring");
  const made = await run(executable(), ["backup", file, "--with-key", `--data-dir=${boathook.dataDir}`]);
  expect(made).toMatchObject({ code: 0 });
  const before = readFileSync(file);
  expect(await restore(file, dir.file("new"))).toMatchObject({
    code: 1,
    stderr: `The restore writes to ${file} itself. Move the backup to another path.\n`,
  });
  expect(readFileSync(file)).toEqual(before);
});

test("a restore from a pipe to which nobody writes fails at once", async () => {
  using dir = temporaryDirectory();
  const pipe = dir.file("pipe");
  expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
  expect(await restore(pipe, dir.file("new"))).toMatchObject({
    code: 1,
    stderr: `The backup ${pipe} is not a file. Check the path.\n`,
  });
});
