import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../../../../src/core/start-error.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { Furnished } from "../../furnished.ts";
import { openedOnce } from "../../store-under-test.ts";
import { openDataDir, optionsFor } from "../open.ts";

const KEY = "0123456789abcdef".repeat(4);
const OTHER_KEY = "f".repeat(64);

const modeOf = (path: string) => statSync(path).mode & 0o777;

/** Opens and closes a store. */
async function touch(...args: Parameters<typeof optionsFor>): Promise<void> {
  await (await openStore(optionsFor(...args))).close();
}

describe("data directory", () => {
  test("a data directory and its files are accessible only to their owner", async () => {
    using home = temporaryDirectory();
    const dataDir = home.file("new/data");
    await touch(dataDir);
    expect(modeOf(dataDir)).toBe(0o700);
    expect(modeOf(join(dataDir, "boathook.db"))).toBe(0o600);
    expect(modeOf(join(dataDir, "encryption.key"))).toBe(0o600);
    expect(readFileSync(join(dataDir, "encryption.key"), "utf8")).toMatch(/^[0-9a-f]{64}\n$/);
  });

  test("opening a data directory that cannot be created fails with `StartError`", async () => {
    using home = temporaryDirectory();
    writeFileSync(home.file("file"), "");
    await expect(openStore(optionsFor(home.file("file/data")))).rejects.toBeInstanceOf(StartError);
  });

  test("a data directory whose database file is not a database is refused", async () => {
    using home = temporaryDirectory();
    await touch(home.path);
    for (const name of readdirSync(home.path)) {
      if (name.startsWith("boathook.db")) writeFileSync(home.file(name), "not a database, but long enough ".repeat(99));
    }
    await expect(openStore(optionsFor(home.path))).rejects.toBeInstanceOf(StartError);
  });

  test("a data directory contains no key file if a key is configured", async () => {
    using home = temporaryDirectory();
    await touch(home.path, { encryptionKey: KEY });
    expect(existsSync(home.file("encryption.key"))).toBe(false);
  });

  test("opening a data directory with another encryption key fails and does not prevent opening it with its own key", async () => {
    using home = temporaryDirectory();
    await touch(home.path, { encryptionKey: KEY });
    await expect(openStore(optionsFor(home.path, { encryptionKey: OTHER_KEY }))).rejects.toThrow(/encryption key/i);
    await touch(home.path, { encryptionKey: KEY });
  });

  test("a data directory with data but without its key file is refused", async () => {
    using home = temporaryDirectory();
    await touch(home.path);
    unlinkSync(home.file("encryption.key"));
    await expect(openStore(optionsFor(home.path))).rejects.toThrow(/key file .* is missing/);
    expect(existsSync(home.file("encryption.key"))).toBe(false);
  });

  test("a data directory with an invalid key file is refused", async () => {
    using home = temporaryDirectory();
    await touch(home.path);
    writeFileSync(home.file("encryption.key"), "abc");
    await expect(openStore(optionsFor(home.path))).rejects.toThrow(/64 hex digits/);
  });

  test("a data directory written by a newer program is refused", async () => {
    using home = temporaryDirectory();
    await touch(home.path);
    const db = new Database(home.file("boathook.db"));
    db.run("PRAGMA user_version = 9999");
    db.close();
    await expect(openStore(optionsFor(home.path))).rejects.toThrow(/newer version of Boathook \(schema 9999;/);
  });

  test("a data directory belongs to one server until that server closes it", async () => {
    using home = temporaryDirectory();
    const first = await openStore(optionsFor(home.path));
    await expect(openStore(optionsFor(home.path))).rejects.toThrow(/already in use by another boathook/);
    await first.close();
    await touch(home.path);
  });

  test("a data directory belongs to one server even if its lock file is deleted", async () => {
    using home = temporaryDirectory();
    const first = await openStore(optionsFor(home.path));
    unlinkSync(home.file("boathook.lock"));
    await expect(openStore(optionsFor(home.path))).rejects.toThrow(/already in use by another boathook/);
    await first.close();
    await touch(home.path);
  });

  test("a command can use the data directory of a running server even if the lock file was deleted", async () => {
    using home = temporaryDirectory();
    const server = await openStore(optionsFor(home.path));
    unlinkSync(home.file("boathook.lock"));
    const command = await openStore(optionsFor(home.path, { exclusive: false }));
    await command.housekeeping.meta.set("name", "value");
    await command.close();
    expect(await server.housekeeping.meta.get("name")).toBe("value");
    await server.close();
  });

  test("a command can write to a data directory that a server uses, and the server reads the new data", async () => {
    using home = temporaryDirectory();
    const server = await openStore(optionsFor(home.path));
    const command = await openStore(optionsFor(home.path, { exclusive: false }));
    await command.housekeeping.meta.set("name", "value");
    await command.close();
    expect(await server.housekeeping.meta.get("name")).toBe("value");
    await server.close();
  });

  test("a data directory does not contain the plain text of a secret", async () => {
    using home = temporaryDirectory();
    const text = "a secret that nobody may read";
    const secret = `whsec_${Buffer.from(text).toString("base64")}`;
    await using world = await Furnished.open(async () => {
      const store = await openStore(optionsFor(home.path));
      return openedOnce(store);
    });
    const endpoint = await world.addEndpoint({}, secret);
    await world.store.configuration.endpoints.rotateSecret(endpoint.seq, secret, world.now, world.now + 1000);
    const files = readdirSync(home.path).filter((name) => name.startsWith("boathook.db"));
    const held = Buffer.concat(files.map((name) => readFileSync(home.file(name))));
    expect(held.includes("https://hook.example/")).toBe(true);
    for (const part of [secret, secret.slice("whsec_".length, -4), text]) expect(held.includes(part)).toBe(false);
    expect((await world.store.configuration.endpoints.secrets(endpoint.seq, world.now)).map((s) => s.secret)).toEqual([
      secret,
      secret,
    ]);
  });

  test("the size of a data directory can be read", async () => {
    const under = await openDataDir();
    const { databaseBytes, walBytes } = await under.store.housekeeping.size();
    expect(databaseBytes + walBytes!).toBeGreaterThan(4096);
    await under.remove();
  });
});
