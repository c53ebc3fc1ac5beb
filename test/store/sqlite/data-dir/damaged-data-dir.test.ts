import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { StartError } from "../../../../src/core/start-error.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { optionsFor } from "../open.ts";

const KEY = "0123456789abcdef".repeat(4);

/** Opens and closes a store. */
async function touch(...args: Parameters<typeof optionsFor>): Promise<void> {
  await (await openStore(optionsFor(...args))).close();
}

/**
 * Creates a data directory whose database is entirely in the main file. The directory is a copy,
 * because SQLite keeps state about a file that it has opened until the next garbage collection.
 */
async function furnish(dataDir: string, value = ""): Promise<void> {
  using home = temporaryDirectory();
  const store = await openStore(optionsFor(home.path));
  await store.housekeeping.meta.set("value", value);
  await store.close();
  {
    using db = new Database(home.file("boathook.db"));
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  mkdirSync(dataDir, { recursive: true });
  for (const name of ["boathook.db", "boathook.lock", "encryption.key"]) {
    copyFileSync(home.file(name), join(dataDir, name));
  }
}

test("only one server can open a database file, even if a second data directory has a hard link to it", async () => {
  using home = temporaryDirectory();
  await furnish(home.file("a"));
  mkdirSync(home.file("b"));
  for (const name of ["boathook.db", "encryption.key"]) linkSync(home.file(`a/${name}`), home.file(`b/${name}`));
  const first = await openStore(optionsFor(home.file("a")));
  await expect(openStore(optionsFor(home.file("b")))).rejects.toThrow(/already in use by another boathook/);
  await first.close();
});

describe("a damaged data directory", () => {
  const damages: ReadonlyArray<readonly [name: string, damage: (dataDir: string) => void, sentence: RegExp]> = [
    [
      "an empty database",
      (dir) => truncateSync(join(dir, "boathook.db"), 0),
      /boathook\.db is empty, but its key file exists/,
    ],
    ["no database", (dir) => unlinkSync(join(dir, "boathook.db")), /boathook\.db is missing, but its key file exists/],
    [
      "a new database without tables",
      (dir) => replaceDatabase(dir, ""),
      /boathook\.db is empty, but its key file exists/,
    ],
    [
      "another program's database",
      (dir) => replaceDatabase(dir, "CREATE TABLE theirs (a)"),
      /boathook\.db was not created by Boathook/,
    ],
    ["a database without its last 50 pages", (dir) => cutDatabase(dir, 50), /damaged/],
    [
      "a database truncated to its first page",
      (dir) => truncateSync(join(dir, "boathook.db"), 4096),
      /incomplete|damaged/,
    ],
    [
      "a database truncated in the middle of a page",
      (dir) => truncateSync(join(dir, "boathook.db"), 5000),
      /incomplete|damaged/,
    ],
    ["a database file of a few bytes", (dir) => truncateSync(join(dir, "boathook.db"), 10), /not an SQLite database/],
    [
      "a text file instead of a database",
      (dir) => writeFileSync(join(dir, "boathook.db"), "text ".repeat(999)),
      /not an SQLite database/,
    ],
    [
      "a directory in place of the database file",
      (dir) => replaceWithDirectory(dir, "boathook.db"),
      /cannot be used: .*EISDIR/,
    ],
    [
      "a directory in place of the key file",
      (dir) => replaceWithDirectory(dir, "encryption.key"),
      /encryption\.key is not a regular file, but the directory contains data/,
    ],
    ["a directory in place of the lock file", (dir) => replaceWithDirectory(dir, "boathook.lock"), /cannot be opened/],
  ];
  for (const [name, damage, sentence] of damages)
    test(`a data directory with ${name} is refused with a one-line message and left unchanged`, async () => {
      using home = temporaryDirectory();
      await furnish(home.path);
      damage(home.path);
      const size = () => statSync(home.file("boathook.db"), { throwIfNoEntry: false })?.size;
      const before = size();
      for (let time = 0; time < 2; time++) {
        const error = await openStore(optionsFor(home.path)).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(StartError);
        expect((error as Error).message).toMatch(sentence);
        expect((error as Error).message).not.toContain("\n");
      }
      expect(size()).toBe(before);
    });

  test("a truncated database is refused even if its write-ahead log still has a few pages", async () => {
    using home = temporaryDirectory();
    using copy = temporaryDirectory();
    // Only the last pages contain the value, and opening the store does not read them.
    await furnish(home.path, "x".repeat(100_000));
    const store = await openStore(optionsFor(home.path));
    await store.housekeeping.meta.set("name", "value");
    for (const name of readdirSync(home.path)) copyFileSync(home.file(name), copy.file(name));
    await store.close();
    cutDatabase(copy.path, 5);
    await expect(openStore(optionsFor(copy.path))).rejects.toThrow(
      /is incomplete: at least \d+ of its pages are missing/,
    );
  });

  test("a data directory without a database file is refused if its write-ahead log has data", async () => {
    using home = temporaryDirectory();
    await touch(home.path, { encryptionKey: KEY });
    renameSync(home.file("boathook.db"), home.file("moved.db"));
    writeFileSync(home.file("boathook.db-wal"), "frames");
    await expect(openStore(optionsFor(home.path, { encryptionKey: KEY }))).rejects.toThrow(/write-ahead log/);
    expect(readFileSync(home.file("boathook.db-wal"), "utf8")).toBe("frames");
  });

  test("in a data directory that contains only a key file, the server uses that key", async () => {
    using home = temporaryDirectory();
    writeFileSync(home.file("encryption.key"), `${KEY}\n`);
    await touch(home.path);
    expect(readFileSync(home.file("encryption.key"), "utf8")).toBe(`${KEY}\n`);
    await touch(home.path, { encryptionKey: KEY });
  });

  test("a data directory opens even if some pages exist only in the write-ahead log", async () => {
    using home = temporaryDirectory();
    using copy = temporaryDirectory();
    const store = await openStore(optionsFor(home.path));
    await store.housekeeping.meta.set("name", "x".repeat(100_000));
    for (const name of readdirSync(home.path)) writeFileSync(copy.file(name), readFileSync(home.file(name)));
    await store.close();
    const reopened = await openStore(optionsFor(copy.path));
    expect(await reopened.housekeeping.meta.get("name")).toHaveLength(100_000);
    await reopened.close();
  });
});

describe("a command on a data directory", () => {
  const withoutData: ReadonlyArray<readonly [name: string, prepare: (dataDir: string) => void]> = [
    ["a missing directory", () => {}],
    ["an empty directory", (dir) => mkdirSync(dir)],
    [
      "a directory with an empty database",
      (dir) => {
        mkdirSync(dir);
        writeFileSync(join(dir, "boathook.db"), "");
      },
    ],
    [
      "a directory with a database without tables",
      (dir) => {
        mkdirSync(dir);
        writeFileSync(join(dir, "boathook.db"), "");
        replaceDatabase(dir, "");
      },
    ],
  ];
  for (const [name, prepare] of withoutData) {
    test(`a command refuses ${name} and creates nothing`, async () => {
      using home = temporaryDirectory();
      prepare(home.file("data"));
      const names = () => (existsSync(home.file("data")) ? readdirSync(home.file("data")) : null);
      const before = names();
      await expect(openStore(optionsFor(home.file("data"), { exclusive: false }))).rejects.toThrow(
        /holds no data of a server\. .*--data-dir/,
      );
      expect(names()).toEqual(before);
    });
  }
});

/** Replaces the database with a new one and runs this statement on it. */
function replaceDatabase(dataDir: string, statement: string): void {
  const path = join(dataDir, "boathook.db");
  unlinkSync(path);
  using db = new Database(path);
  db.run("PRAGMA user_version = 0");
  db.run(statement === "" ? "VACUUM" : statement);
}

/** Removes the last pages of the database file. */
function cutDatabase(dataDir: string, pages: number): void {
  const path = join(dataDir, "boathook.db");
  truncateSync(path, statSync(path).size - pages * 4096);
}

function replaceWithDirectory(dataDir: string, name: string): void {
  unlinkSync(join(dataDir, name));
  mkdirSync(join(dataDir, name));
}
