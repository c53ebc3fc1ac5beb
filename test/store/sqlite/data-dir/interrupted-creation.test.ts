import { expect, test } from "bun:test";
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Files, systemFiles } from "../../../../src/store/sqlite/data-dir/durable-file.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { optionsFor } from "../open.ts";

/** These tests interrupt the creation of a data directory before each of its steps. */

/** Thrown at the point where the process would end. */
class Interrupted extends Error {}

type Step = keyof Files;

/**
 * File operations that throw `Interrupted` before step number `last`, counted from 0. Afterwards
 * `cutPower` keeps only what has been synced: unsynced contents become NUL bytes and unsynced
 * directory entries vanish.
 */
class FailingFiles implements Files {
  readonly steps: Step[] = [];
  readonly #unsynced = new Set<string>();
  /** For each directory, functions that undo its changes since its last sync, latest first. */
  readonly #undo = new Map<string, (() => void)[]>();

  constructor(private readonly last: number) {}

  makeDirectory(path: string): void {
    this.#step("makeDirectory");
    systemFiles.makeDirectory(path);
    this.#changed(path, () => rmSync(path, { recursive: true }));
  }

  write(path: string, text: string): void {
    this.#step("write");
    const isNew = !existsSync(path);
    systemFiles.write(path, text);
    this.#unsynced.add(path);
    if (isNew) this.#changed(path, () => rmSync(path));
  }

  rename(from: string, to: string): void {
    this.#step("rename");
    const replaced = existsSync(to) ? readFileSync(to) : null;
    systemFiles.rename(from, to);
    if (this.#unsynced.delete(from)) this.#unsynced.add(to);
    this.#changed(to, () => {
      renameSync(to, from);
      if (replaced !== null) writeFileSync(to, replaced);
    });
  }

  sync(path: string): void {
    this.#step("sync");
    systemFiles.sync(path);
    this.#unsynced.delete(path);
    this.#undo.delete(resolve(path));
  }

  cutPower(): void {
    for (const path of this.#unsynced) writeFileSync(path, Buffer.alloc(statSync(path).size));
    for (const changes of [...this.#undo.values()].reverse()) for (const undo of changes) undo();
  }

  #step(step: Step): void {
    if (this.steps.length === this.last) throw new Interrupted();
    this.steps.push(step);
  }

  #changed(path: string, undo: () => void): void {
    const directory = dirname(resolve(path));
    this.#undo.set(directory, [undo, ...(this.#undo.get(directory) ?? [])]);
  }
}

/**
 * Opens a data directory and interrupts it before step number `last`. The returned object has
 * recorded the steps.
 */
async function openUntil(last: number, dataDir: string): Promise<FailingFiles> {
  const files = new FailingFiles(last);
  try {
    await (await openStore(optionsFor(dataDir, { files }))).close();
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  }
  return files;
}

const untouched = await (async () => {
  using home = temporaryDirectory();
  return (await openUntil(Number.POSITIVE_INFINITY, home.file("new/data"))).steps;
})();

test("creating a data directory syncs after each new directory, and before and after renaming the key file", () => {
  const directories: Step[] = ["makeDirectory", "sync", "makeDirectory", "sync"];
  expect(untouched).toEqual([...directories, "write", "sync", "rename", "sync"]);
});

for (const [last, step] of untouched.entries()) {
  test(`if the process is killed before step ${last} (${step}) of creating a data directory, the next start completes it`, async () => {
    using home = temporaryDirectory();
    await openUntil(last, home.file("new/data"));
    await expectUsable(home.file("new/data"));
  });

  test(`if the power fails before step ${last} (${step}) of creating a data directory, the next start completes it`, async () => {
    using home = temporaryDirectory();
    (await openUntil(last, home.file("new/data"))).cutPower();
    await expectUsable(home.file("new/data"));
  });
}

test("a power failure right after the creation of a data directory loses neither the key nor a directory", async () => {
  using home = temporaryDirectory();
  const dataDir = home.file("new/data");
  const files = await openUntil(Number.POSITIVE_INFINITY, dataDir);
  const key = readFileSync(`${dataDir}/encryption.key`, "utf8");
  files.cutPower();
  expect(readFileSync(`${dataDir}/encryption.key`, "utf8")).toBe(key);
  await expectUsable(dataDir);
});

const unusable: ReadonlyArray<readonly [name: string, content: string]> = [
  ["65 NUL bytes", "\0".repeat(65)],
  ["nothing", ""],
  ["half a key", "0123456789abcdef\n"],
];
for (const [name, content] of unusable) {
  test(`a key file that contains ${name} is replaced if the directory has no data`, async () => {
    using home = temporaryDirectory();
    writeFileSync(home.file("encryption.key"), content);
    await expectUsable(home.path);
    expect(readFileSync(home.file("encryption.key"), "utf8")).toMatch(/^[0-9a-f]{64}\n$/);
  });

  test(`a key file that contains ${name} is refused and kept if the directory has data`, async () => {
    using home = temporaryDirectory();
    await expectUsable(home.path);
    writeFileSync(home.file("encryption.key"), content);
    await expect(openStore(optionsFor(home.path))).rejects.toThrow(/encryption\.key does not contain 64 hex digits/);
    expect(readFileSync(home.file("encryption.key"), "utf8")).toBe(content);
  });
}

/** Opens a data directory twice, so that the second time reads what the first has written. */
async function expectUsable(dataDir: string): Promise<void> {
  for (let time = 0; time < 2; time++) {
    const store = await openStore(optionsFor(dataDir));
    await store.housekeeping.ping();
    await store.close();
  }
}
