import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { which } from "bun";
import { executable, type Finished, type Program, run } from "../support/binary.ts";
import { makeApplication } from "../support/client.ts";
import { install } from "../support/installation.ts";
import { diskKinds } from "../support/small-disk.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each start is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const isRoot = process.getuid?.() === 0;
const UNPRIVILEGED_UID = 65_534;
/** Command that runs the executable as a user without privileges. Only root can use it. */
const unprivileged: Program = [
  "setpriv",
  `--reuid=${UNPRIVILEGED_UID}`,
  "--clear-groups",
  "--bounding-set=-all",
  ...(isRoot ? executable() : []),
];
const canDropPrivileges = isRoot && which("setpriv") !== null;

function serve(dataDir: string, args: readonly string[] = [], program: Program = executable()): Promise<Finished> {
  return run(program, ["serve", "--port=0", `--data-dir=${dataDir}`, ...args], { cwd: "/" });
}

/** Checks that the start failed with one sentence on stderr, and the same sentence in the JSON log. */
function expectRefusal({ code, stdout, stderr }: Finished, sentence: RegExp): void {
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^[^\n]+\.\n$/) });
  expect(stderr).toMatch(sentence);
  expect(JSON.parse(stdout)).toMatchObject({ level: "error", msg: stderr.trimEnd() });
}

test("the server does not start if the data directory is a file", async () => {
  using home = temporaryDirectory();
  writeFileSync(home.file("data"), "");
  expectRefusal(await serve(home.file("data")), /^The data directory \S+ is a file\. /);
});

test("the server does not start if the path of the data directory leads through a file", async () => {
  using home = temporaryDirectory();
  writeFileSync(home.file("file"), "");
  expectRefusal(await serve(home.file("file/data")), /^The data directory \S+ is not a directory, or .* a file\. /);
});

test.skipIf(!canDropPrivileges)("the server does not start if the data directory belongs to another user", async () => {
  using home = temporaryDirectory();
  chmodSync(home.path, 0o755);
  mkdirSync(home.file("data"), { mode: 0o700 });
  expectRefusal(
    await serve(home.file("data"), [], unprivileged),
    /^The data directory \S+ belongs to another user \(uid 0; this process runs as uid 65534\)\. /,
  );
});

test.skipIf(!canDropPrivileges)("the server does not start if it may not write to the data directory", async () => {
  using home = temporaryDirectory();
  chmodSync(home.path, 0o755);
  mkdirSync(home.file("data"));
  chownSync(home.file("data"), UNPRIVILEGED_UID, UNPRIVILEGED_UID);
  chmodSync(home.file("data"), 0o500);
  expectRefusal(await serve(home.file("data"), [], unprivileged), /cannot be used: permission denied\. .*uid 65534/);
});

test.skipIf(!canDropPrivileges)("the server does not start if it cannot create the data directory", async () => {
  using home = temporaryDirectory();
  chmodSync(home.path, 0o755);
  expectRefusal(await serve(home.file("data"), [], unprivileged), /cannot be used: permission denied\. .*uid 65534/);
  expect(existsSync(home.file("data"))).toBe(false);
});

test.skipIf(!canDropPrivileges)(
  "the server does not start if files in the data directory belong to another user",
  async () => {
    await using boathook = await install();
    await boathook.process.stop();
    using home = temporaryDirectory();
    chmodSync(home.path, 0o755);
    const copied = Bun.spawnSync(["cp", "-r", boathook.dataDir, home.file("data")]);
    expect(copied.success).toBe(true);
    chownSync(home.file("data"), UNPRIVILEGED_UID, UNPRIVILEGED_UID);
    expectRefusal(await serve(home.file("data"), [], unprivileged), /uid 65534/);
  },
);

for (const kind of diskKinds.slice(0, 1)) {
  test(`the token commands fail with one sentence if the disk is full (${kind.name})`, async () => {
    using disk = kind.open();
    if (disk === null) return;
    await using boathook = await install([], { dataDir: disk.dataDir });
    disk.fill(boathook.process.pid);
    for (const words of [["create"], ["root", "--rotate"]]) {
      const result = await run(executable(), ["token", ...words, `--data-dir=${disk.dataDir}`]);
      expect(result).toEqual({ code: 1, stdout: "", stderr: expect.stringMatching(/^The data directory [^\n]+\.\n$/) });
    }
  });

  test(`the server does not start on a full disk, and starts once the disk has room (${kind.name})`, async () => {
    using disk = kind.open();
    if (disk === null) return;
    disk.fill(process.pid);
    expectRefusal(await serve(disk.dataDir), /^The data directory \S+ is on a full disk\. /);
    disk.makeRoom(process.pid);
    await using boathook = await install([], { dataDir: disk.dataDir });
    await makeApplication(boathook.send);
  });
}

test.skipIf(!canDropPrivileges)("the server does not start on a privileged port without the privilege", async () => {
  using home = temporaryDirectory();
  chmodSync(home.path, 0o777);
  const result = await serve(home.file("data"), ["--port=80"], unprivileged);
  expectRefusal(result, /^Port 80 needs a privilege /);
});

test("the server does not start if the database file is empty but the key file exists, and leaves the file empty", async () => {
  await using boathook = await install();
  await makeApplication(boathook.send);
  await boathook.process.stop();
  for (const name of ["boathook.db-wal", "boathook.db-shm"]) rmSync(`${boathook.dataDir}/${name}`, { force: true });
  truncateSync(`${boathook.dataDir}/boathook.db`, 0);
  expectRefusal(await serve(boathook.dataDir), /boathook\.db is empty, but its key file exists\. /);
  expect(statSync(`${boathook.dataDir}/boathook.db`).size).toBe(0);
});

test("a second server does not start even if the lock file was deleted, but `token create` still works", async () => {
  await using boathook = await install();
  rmSync(`${boathook.dataDir}/boathook.lock`);
  expectRefusal(await serve(boathook.dataDir), /is already in use by another boathook\. /);
  const created = await run(executable(), ["token", "create", `--data-dir=${boathook.dataDir}`]);
  expect(created.code).toBe(0);
  expect((await boathook.send("GET", "/app", undefined, { token: created.stdout.trim() })).status).toBe(200);
});

test("`token create` fails in a directory without data and creates nothing", async () => {
  using home = temporaryDirectory();
  const { code, stdout, stderr } = await run(executable(), ["token", "create"], { cwd: home.path });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^The data directory \S+ holds no data of a server\. [^\n]*--data-dir[^\n]*\.\n$/);
  expect(existsSync(home.file("boathook-data"))).toBe(false);
});
