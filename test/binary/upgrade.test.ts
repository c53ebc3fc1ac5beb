import { Database } from "bun:sqlite";
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { KeyBox } from "../../src/store/sql/secret-box.ts";
import { migrations } from "../../src/store/sqlite/schema/migrations.ts";
import { killedStart } from "../crash/kill.ts";
import { executable, run, startBoathook } from "../support/binary.ts";
import { diskKinds } from "../support/small-disk.ts";
import { temporaryDirectory } from "../support/temporary.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const KEY = "ab".repeat(32);
const NEWEST = migrations.length;
const OLD = NEWEST - 3;
const COPY = `boathook-schema-${OLD}.bak`;
const TWO_DAYS_S = 2 * 86_400;

/** Creates the data directory of an older version, with one environment. */
function oldDataDir(dataDir: string, fillBytes = 0): void {
  mkdirSync(dataDir, { mode: 0o700 });
  writeFileSync(`${dataDir}/encryption.key`, KEY);
  const db = new Database(`${dataDir}/boathook.db`, { create: true, strict: true });
  for (const step of migrations.slice(0, OLD)) db.run(step);
  db.run(`PRAGMA user_version = ${OLD}`);
  const meta = db.prepare("INSERT INTO meta (name, value) VALUES (?, ?)");
  meta.run("encryption-key-fingerprint", new KeyBox(KEY).fingerprint);
  meta.run("id-seed", "0123456789abcdef0123456789abcdef");
  if (fillBytes > 0) meta.run("filler", "x".repeat(fillBytes));
  db.run("PRAGMA journal_mode = WAL");
  db.close();
}

function schemaOf(file: string): number {
  const db = new Database(file, { readonly: true });
  try {
    return (db.query("PRAGMA user_version").get() as { user_version: number }).user_version;
  } finally {
    db.close();
  }
}

const copiesIn = (dataDir: string) => readdirSync(dataDir).filter((name) => name.endsWith(".bak"));

test("an upgrade copies the data first and logs one line; a start a day later removes the copy", async () => {
  using dir = temporaryDirectory();
  const dataDir = dir.file("data");
  oldDataDir(dataDir);
  const upgraded = await startBoathook(executable(), dataDir);
  const lines = upgraded.log.filter(({ event }) => event === "store.migrated");
  const copy = `${dataDir}/${COPY}`;
  expect(lines).toEqual([expect.objectContaining({ level: "info", from: OLD, to: NEWEST, copy })]);
  expect(lines[0]!.msg).toStartWith(`migrated ${OLD} → ${NEWEST}.`);
  expect([schemaOf(copy), schemaOf(`${dataDir}/boathook.db`)]).toEqual([OLD, NEWEST]);
  await upgraded.stop();

  const next = await startBoathook(executable(), dataDir);
  expect(next.log.filter(({ event }) => event === "store.migrated")).toEqual([]);
  await next.stop();
  expect(copiesIn(dataDir)).toEqual([COPY]);

  expect(
    await run(executable(), [
      "restore",
      copy,
      `--data-dir=${dir.file("back")}`,
      `--key-file=${dataDir}/encryption.key`,
    ]),
  ).toMatchObject({ code: 0 });
  expect(schemaOf(dir.file("back/boathook.db"))).toBe(OLD);

  const old = Date.now() / 1000 - TWO_DAYS_S;
  utimesSync(copy, old, old);
  await (await startBoathook(executable(), dataDir)).stop();
  expect(copiesIn(dataDir)).toEqual([]);
});

test("a first start copies nothing, and --no-upgrade-copy upgrades without a copy", async () => {
  using dir = temporaryDirectory();
  const first = await startBoathook(executable(), dir.file("new"));
  expect(first.log.filter(({ event }) => event === "store.migrated")).toEqual([]);
  await first.stop();
  expect(copiesIn(dir.file("new"))).toEqual([]);

  oldDataDir(dir.file("old"));
  const upgraded = await startBoathook(executable(), dir.file("old"), ["--no-upgrade-copy"]);
  expect(upgraded.log).toContainEqual(expect.objectContaining({ event: "store.migrated", copy: null }));
  await upgraded.stop();
  expect(copiesIn(dir.file("old"))).toEqual([]);
});

test("a server that is killed during an upgrade can be started again, and the data is upgraded", async () => {
  for (let afterMs = 20; afterMs <= 160; afterMs += 20) {
    using dir = temporaryDirectory();
    const dataDir = dir.file("data");
    oldDataDir(dataDir, 20_000_000);
    await killedStart(dataDir, afterMs);
    await (await startBoathook(executable(), dataDir)).stop();
    expect(schemaOf(`${dataDir}/boathook.db`)).toBe(NEWEST);
    expect(readdirSync(dataDir).filter((name) => name.includes(".tmp"))).toEqual([]);
  }
});

test("without room for the copy the server does not start, and the data stays as it was", async () => {
  using disk = diskKinds[0]!.open();
  if (disk === null) {
    console.log("A small file system cannot be had here: the test of a full disk is skipped.");
    return;
  }
  oldDataDir(disk.dataDir, 9_000_000);
  const start = () => run(disk.program, ["serve", "--port=0", `--data-dir=${disk.dataDir}`]);
  expect(await start()).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^The copy before an upgrade of the data needs \d+MiB, but [^\n]+--no-upgrade-copy[^\n]+\.\n$/,
    ),
  });
  expect(schemaOf(`${disk.dataDir}/boathook.db`)).toBe(OLD);
  expect(copiesIn(disk.dataDir)).toEqual([]);

  const backup = await run(disk.program, ["backup", `${disk.dataDir}/../a.bak`, `--data-dir=${disk.dataDir}`]);
  expect(backup).toMatchObject({ code: 1, stderr: expect.stringMatching(/^The backup needs \d+MiB, but [^\n]+\.\n$/) });
  expect(existsSync(`${disk.dataDir}/../a.bak.tmp`)).toBe(false);

  const upgraded = await startBoathook(disk.program, disk.dataDir, ["--no-upgrade-copy"]);
  await upgraded.stop();
  expect(schemaOf(`${disk.dataDir}/boathook.db`)).toBe(NEWEST);
  rmSync(disk.dataDir, { recursive: true });
});
