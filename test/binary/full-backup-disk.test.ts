import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { executable, programEnvironment, run } from "../support/binary.ts";
import { makeApplication, type Send } from "../support/client.ts";
import { until } from "../support/delivery.ts";
import { type Installation, type InstallOptions, install } from "../support/installation.ts";
import { Load } from "../support/load.ts";
import { openFileSystem } from "../support/small-disk.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** A disk that fills up while a backup is written to it must harm neither the server nor earlier backups. */

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const MIB = 1024 * 1024;
/** Size of the data. Under load, the log may be larger than it, so the disks have room for four or eight times as much. */
const DATA_MIB = 40;
const POSTERS = 4;
const KEY = { BOATHOOK_ENCRYPTION_KEY: "ab".repeat(32) };

/** Starts a server whose database has about `DATA_MIB`. */
async function installLarge(args: readonly string[], options: InstallOptions & { readonly dataDir: string }) {
  await using first = await install([], options);
  await first.process.stop();
  const db = new Database(`${options.dataDir}/boathook.db`);
  db.query("INSERT INTO meta (name, value) VALUES ('filler', ?)").run("x".repeat(DATA_MIB * MIB));
  db.close();
  return install(args, options);
}

/** Loads the server, so that backups are slow, until the returned function is called. It returns the number of messages. */
async function load(send: Send): Promise<() => Promise<number>> {
  const sent = new Load(send, await makeApplication(send), POSTERS);
  await sent.more(20);
  return async () => {
    await sent.more(20);
    await sent.stop();
    return sent.promised.size;
  };
}

/** Waits until a part of a backup is written, and stops the process that writes it. Returns a function that lets it go on. */
async function stoppedInMiddle(directory: string, backupPid: () => number): Promise<() => void> {
  const sizeOf = (name: string) => statSync(`${directory}/${name}`, { throwIfNoEntry: false })?.size ?? 0;
  const inMiddle = (name: string) => name.endsWith(".tmp") && sizeOf(name) > MIB && sizeOf(name) < (DATA_MIB / 2) * MIB;
  await until(
    async () => readdirSync(directory).filter(inMiddle),
    (found) => found.length > 0,
  );
  const pid = backupPid();
  process.kill(pid, "SIGSTOP");
  return () => process.kill(pid, "SIGCONT");
}

/** Returns the only child process of a process. */
function childOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  if (children.length !== 1) throw new Error(`The process has these children: ${children.join(", ")}`);
  return Number(children[0]);
}

/**
 * Fills a disk up to this free space with the file `other`. Looks at the free space again and again,
 * because the server writes to the same disk meanwhile.
 */
function leaveFree(directory: string, mebibytes: number): void {
  const free = () => {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  };
  const part = new Uint8Array(MIB);
  while (free() > (mebibytes + 1) * MIB) appendFileSync(`${directory}/other`, part);
}

async function expectHealthy({ send }: Installation): Promise<void> {
  const { status, json } = await send("GET", "/health");
  expect([status, json.status, json.store]).toEqual([200, "ok", "ok"]);
}

const isPossible = (() => {
  using disk = openFileSystem(16);
  return disk !== null;
})();
if (!isPossible)
  console.log("A small file system cannot be had here: the tests of backups to a full disk are skipped.");

describe.if(isPossible)("a disk that fills up during a backup", () => {
  test("a backup whose disk fills up fails with one sentence, leaves no file, and the server goes on", async () => {
    using dir = temporaryDirectory();
    using disk = openFileSystem(4 * DATA_MIB)!;
    const directory = dirname(disk.dataDir);
    await using boathook = await installLarge([], { dataDir: dir.file("data") });
    const end = await load(boathook.send);
    const args = ["backup", `${directory}/a.bak`, `--data-dir=${boathook.dataDir}`];
    const child = Bun.spawn([...executable(), ...args], {
      env: await programEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const goOn = await stoppedInMiddle(directory, () => child.pid);
    disk.fill(child.pid);
    goOn();
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    expect({ code: await child.exited, stdout, stderr }).toEqual({
      ...{ code: 1, stdout: "" },
      stderr: `The disk of ${directory} is full, so there is no backup. Free some space.\n`,
    });
    expect(readdirSync(directory)).toEqual(["plug"]);
    expect(await end()).toBeGreaterThan(0);
    await expectHealthy(boathook);

    disk.makeRoom(child.pid);
    expect(await run(executable(), args)).toMatchObject({ code: 0 });
    expect(readdirSync(directory)).toEqual(["a.bak"]);
  });

  test("a scheduled backup whose disk fills up is reported, leaves the earlier backup alone, and is made again when there is room", async () => {
    using dir = temporaryDirectory();
    using disk = openFileSystem(8 * DATA_MIB)!;
    const directory = disk.dataDir;
    mkdirSync(directory);
    const options = { dataDir: dir.file("data") };
    await using boathook = await installLarge(
      [`--backup-dir=${directory}`, "--backup-every=1s", "--backup-keep=1"],
      options,
    );
    await boathook.process.logged(({ event }) => event === "backup.finished");
    const end = await load(boathook.send);
    const goOn = await stoppedInMiddle(directory, () => childOf(boathook.process.pid));
    const [earlier] = readdirSync(directory).filter((name) => name.endsWith(".bak"));
    disk.fill(boathook.process.pid);
    goOn();
    const failed = await boathook.process.logged(({ event }) => event === "backup.failed");
    expect(failed).toMatchObject({
      level: "error",
      reason: `The disk of ${directory} is full, so there is no backup. Free some space.`,
    });
    expect(await end()).toBeGreaterThan(0);
    expect(readdirSync(directory)).toEqual([earlier!]);
    await expectHealthy(boathook);

    disk.makeRoom(boathook.process.pid);
    await until(
      async () => readdirSync(directory),
      (names) => names.length === 1 && names[0] !== earlier && names[0]!.endsWith(".bak"),
    );
  });

  test("a backup that fills the disk of the data itself stops before the server runs out of space", async () => {
    using disk = openFileSystem(8 * DATA_MIB)!;
    await using boathook = await installLarge([], { dataDir: disk.dataDir });
    const end = await load(boathook.send);
    const file = `${dirname(disk.dataDir)}/a.bak`;
    const args = ["backup", file, `--data-dir=${disk.dataDir}`];
    const child = Bun.spawn([...executable(), ...args], {
      env: await programEnvironment(),
      stdio: ["ignore", "ignore", "pipe"],
    });
    const goOn = await stoppedInMiddle(dirname(file), () => child.pid);
    // With less than 64 MiB, the backup stops. Until it does, the server fills what is left.
    leaveFree(dirname(file), 56);
    goOn();
    expect(await new Response(child.stderr).text()).toBe(
      `The backup was stopped, because the disk of the data directory ${disk.dataDir} is almost full. Free some space, then try again.\n`,
    );
    expect(await child.exited).toBe(1);
    expect(readdirSync(dirname(file)).sort()).toEqual(["data", "other"]);
    expect(await end()).toBeGreaterThan(0);
    await expectHealthy(boathook);
  });

  test("a disk without room for the first copy of a replica is reported, and the copy is made when there is room", async () => {
    using dir = temporaryDirectory();
    using disk = openFileSystem(8 * DATA_MIB)!;
    leaveFree(dirname(disk.dataDir), DATA_MIB / 2);
    const options = { dataDir: dir.file("data"), env: KEY };
    await using boathook = await installLarge([`--replica=${disk.dataDir}`], options);
    const { json } = await until(
      async () => boathook.send("GET", "/system"),
      ({ json }) => json.replica.state === "failed",
    );
    expect(json.replica.reason).toMatch(/ENOSPC|no space/i);
    expect((await boathook.send("GET", "/health")).status).toBe(200);
    rmSync(`${dirname(disk.dataDir)}/other`);
    await until(
      async () => boathook.send("GET", "/health"),
      ({ json }) => json.replica === "ok",
    );
    await boathook.kill();
    rmSync(options.dataDir, { recursive: true });
    const args = ["restore", `--replica=${disk.dataDir}`, `--data-dir=${options.dataDir}`];
    expect(await run(executable(), args, { env: KEY })).toMatchObject({ code: 0 });
  });
});
