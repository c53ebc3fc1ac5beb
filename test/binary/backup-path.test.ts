import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { executable, programEnvironment, run } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { sendMessages, until } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

function backup(dataDir: string, file: string, args: readonly string[] = []) {
  return run(executable(), ["backup", file, `--data-dir=${dataDir}`, ...args]);
}

describe("the paths of a backup", () => {
  test("--force replaces only ordinary files, not a pipe or a device", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    const pipe = dir.file("pipe");
    expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
    const { code, stderr } = await backup(boathook.dataDir, pipe, ["--force"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `${pipe} is not an ordinary file. Give the path of a new file, or - for stdout.\n`,
    });
    expect(statSync(pipe).isFIFO()).toBeTrue();
  });

  test("a file or link of somebody else at the temporary path stays as it was", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    const temporary = dir.file("a.tmp");
    const sentence = `The backup needs the path ${temporary}, which something else has. Move it away or give another path.\n`;
    writeFileSync(temporary, "mine");
    expect(await backup(boathook.dataDir, dir.file("a"))).toMatchObject({ code: 1, stderr: sentence });
    expect(readFileSync(temporary, "utf8")).toBe("mine");
    rmSync(temporary);
    for (const target of [dir.file("precious"), dir.file("missing")]) {
      writeFileSync(dir.file("precious"), "");
      symlinkSync(target, temporary);
      expect(await backup(boathook.dataDir, dir.file("a"))).toMatchObject({ code: 1, stderr: sentence });
      rmSync(temporary);
    }
    expect(readdirSync(dir.path)).toEqual(["precious"]);
    expect(statSync(dir.file("precious")).size).toBe(0);
  });

  test("a leftover at the temporary path makes no backup readable for others and changes no earlier backup", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    const [file, temporary] = [dir.file("a"), dir.file("a.tmp")];
    writeFileSync(temporary, "");
    chmodSync(temporary, 0o644);
    expect(await backup(boathook.dataDir, file)).toMatchObject({ code: 0 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    // A backup was killed between the two steps that move it to its path.
    linkSync(file, temporary);
    const other = openSync(file, "r");
    const before = readFileSync(file);
    expect(await backup(boathook.dataDir, file, ["--force"])).toMatchObject({ code: 0 });
    expect(readFileSync(other)).toEqual(before);
    closeSync(other);
    expect(readdirSync(dir.path)).toEqual(["a"]);
  });

  test("a backup to stdout leaves nothing behind if it is stopped or its reader ends", async () => {
    using dir = temporaryDirectory();
    await using boathook = await install();
    await sendMessages(boathook.send, await makeApplication(boathook.send), 500, {
      payload: { text: "x".repeat(1000) },
    });
    const start = async (command: string) =>
      Bun.spawn(["sh", "-c", command, ...executable(), boathook.dataDir], {
        env: await programEnvironment({ TMPDIR: dir.path }),
        stdio: ["ignore", "pipe", "pipe"],
      });
    const cut = await start('"$0" backup - --data-dir "$1" | head -c 10');
    expect(await new Response(cut.stderr).text()).toBe(
      "The reader of stdout has stopped, so the backup there is incomplete.\n",
    );
    expect(readdirSync(dir.path)).toEqual([]);
    // Nobody reads from the pipe, so the backup waits.
    const stopped = await start('exec "$0" backup - --data-dir "$1"');
    await until(
      async () => readdirSync(dir.path).length,
      (count) => count > 0,
    );
    stopped.kill("SIGTERM");
    expect(await stopped.exited).toBe(143);
    expect(readdirSync(dir.path)).toEqual([]);
  });
});
