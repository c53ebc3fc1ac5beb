import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { executable, run } from "../support/binary.ts";
import { until } from "../support/delivery.ts";
import { install } from "../support/installation.ts";
import { temporaryDirectory } from "../support/temporary.ts";

setDefaultTimeout(60_000);

const backupsIn = (directory: string) =>
  readdirSync(directory).filter((name) => /^boathook-\d{8}T\d{6}Z\.bak$/.test(name));

test("scheduled backups are made in time, the newest are kept, and other files stay", async () => {
  using dir = temporaryDirectory();
  const directory = dir.file("backups");
  mkdirSync(directory);
  for (const name of ["notes.txt", "boathook-20200101T000000Z.bak", "boathook-20200102T000000Z.bak.tmp"])
    writeFileSync(`${directory}/${name}`, "x");
  await using boathook = await install([`--backup-dir=${directory}`, "--backup-every=1s", "--backup-keep=2"]);
  const finished = () => boathook.process.log.filter(({ event }) => event === "backup.finished");
  await until(
    async () => finished().length,
    (count) => count >= 4,
  );
  await boathook.process.stop();
  expect(backupsIn(directory)).toHaveLength(2);
  expect(readdirSync(directory).filter((name) => !name.startsWith("boathook-2"))).toEqual(["notes.txt"]);
  expect(existsSync(`${directory}/boathook-20200102T000000Z.bak.tmp`)).toBe(false);
  const [file] = backupsIn(directory);
  expect(statSync(`${directory}/${file}`).mode & 0o777).toBe(0o600);
  const restored = await run(executable(), [
    ...["restore", `${directory}/${file}`, `--data-dir=${dir.file("new")}`],
    `--key-file=${boathook.dataDir}/encryption.key`,
  ]);
  expect(restored).toMatchObject({ code: 0 });
});

test("a backup with a time in the future neither delays nor displaces scheduled backups", async () => {
  using dir = temporaryDirectory();
  const directory = dir.file("backups");
  mkdirSync(directory);
  const future = "boathook-20990101T000000Z.bak";
  writeFileSync(`${directory}/${future}`, "x");
  await using boathook = await install([`--backup-dir=${directory}`, "--backup-every=1h", "--backup-keep=1"]);
  await boathook.process.logged(({ event }) => event === "backup.finished");
  await boathook.process.stop();
  expect(backupsIn(directory)).toHaveLength(2);
  expect(backupsIn(directory)).toContain(future);
});

test("a scheduled backup that fails is logged, counted and shown, until one succeeds", async () => {
  using dir = temporaryDirectory();
  const directory = dir.file("backups");
  writeFileSync(directory, "a file instead of a directory");
  await using boathook = await install([`--backup-dir=${directory}`, "--backup-every=1s"]);
  const { send, url } = boathook;
  const failed = await boathook.process.logged(({ event }) => event === "backup.failed");
  expect(failed).toMatchObject({ level: "error", reason: expect.stringContaining("ENOTDIR") });
  const attention = async () => (await send("GET", "/overview")).json.attention as { kind: string }[];
  const metric = async (series: string) => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${series} `))
        ?.split(" ")[1],
    );
  };
  expect(await attention()).toContainEqual(expect.objectContaining({ kind: "backup_failed", severity: "warning" }));
  expect(await metric('boathook_backups_total{outcome="failed"}')).toBeGreaterThan(0);
  await until(
    () => metric("boathook_backup_overdue"),
    (value) => value === 1,
  );
  expect((await send("GET", "/system")).json.backups).toMatchObject({
    directory,
    newestAt: null,
    isOverdue: true,
    reason: failed.reason,
  });

  rmSync(directory);
  await boathook.process.logged(({ event }) => event === "backup.finished");
  await until(attention, (entries) => entries.every(({ kind }) => kind !== "backup_failed"));
  expect((await send("GET", "/system")).json.backups).toMatchObject({ failedAt: null, reason: null, isOverdue: false });
  expect(await metric("boathook_backup_newest_timestamp_seconds")).toBeGreaterThan(0);
  expect(await metric("boathook_backup_overdue")).toBe(0);
});

test("a server without backup-dir makes no backups, and one with it in the data directory does not start", async () => {
  using dir = temporaryDirectory();
  await using boathook = await install();
  expect((await boathook.send("GET", "/system")).json.backups).toBe(null);
  for (const inside of ["data", "data/backups"]) {
    const refused = await run(executable(), [
      "serve",
      `--data-dir=${dir.file("data")}`,
      `--backup-dir=${dir.file(inside)}`,
    ]);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^The backup-dir \S+ is in the data directory/),
    });
  }
});
