import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { systemClock } from "../../../../src/edge/clock.ts";
import type { Store } from "../../../../src/store/index.ts";
import { KeyBox } from "../../../../src/store/sql/secret-box.ts";
import { type Files, systemFiles } from "../../../../src/store/sqlite/data-dir/durable-file.ts";
import { keysInFile } from "../../../../src/store/sqlite/encryption/key-file.ts";
import { keyStateOf } from "../../../../src/store/sqlite/encryption/key-state.ts";
import { type Pauses, sealedTables } from "../../../../src/store/sqlite/encryption/reseal.ts";
import { forgetOldKeys, type RotationRequest, rotateKey } from "../../../../src/store/sqlite/encryption/rotation.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { Furnished } from "../../furnished.ts";
import { CONTENT, fill } from "../../sealed-content.ts";
import { openedOnce } from "../../store-under-test.ts";
import { optionsFor } from "../open.ts";

setDefaultTimeout(60_000);

const [FIRST, SECOND, THIRD] = ["1a", "2b", "3c"].map((byte) => byte.repeat(32)) as [string, string, string];
/** The columns with bytes that are no secrets: content, hashes, and indexes of hashes. */
const PLAIN_COLUMNS = [
  ...["attempt.response", "event_id_log.entries", "event_id_range.entries"],
  ...["idempotency.body_hash", "idempotency.key", "key_log.entries", "key_range.entries"],
  ...["message.payload", "session.owner_sha256", "session.sha256", "source_log.payload", "source_token.sha256"],
  "token.sha256",
];

type Home = ReturnType<typeof temporaryDirectory>;

function rotate(home: Home, change: Partial<RotationRequest> = {}) {
  return rotateKey({
    ...{ dataDir: home.path, configured: null, newKey: null, toFile: null, clock: systemClock },
    ...change,
  });
}

/** Every sealed value of a data directory: `table key` and the bytes. */
function sealedIn(home: Home): ReadonlyArray<readonly [where: string, sealed: Uint8Array]> {
  using db = new Database(home.file("boathook.db"));
  return sealedTables(db).flatMap(({ table, key }) =>
    db
      .query<{ key: unknown; sealed: Uint8Array }, []>(
        `SELECT ${key} AS key, sealed FROM ${table} WHERE sealed IS NOT NULL`,
      )
      .all()
      .map((row) => [`${table} ${row.key}`, row.sealed] as const),
  );
}

/** Returns the tables with a value that the key cannot open. */
function closedTo(home: Home, hex: string): string[] {
  const closed = sealedIn(home).filter(([, sealed]) => new KeyBox(hex).openOrNull(sealed) === null);
  return [...new Set(closed.map(([where]) => where.split(" ")[0]!))];
}

/** Fills a data directory and closes it. */
async function filled(home: Home, { key = null as string | null, endpoints = 1 } = {}) {
  if (key === null) writeFileSync(home.file("encryption.key"), `${FIRST}\n`, { mode: 0o600 });
  const store = await openStore(optionsFor(home.path, { encryptionKey: key }));
  await using world = await Furnished.open(async () => openedOnce(store));
  return await fill(world, endpoints);
}

async function readWith<T>(home: Home, read: (store: Store) => Promise<T>, key: string | null = null): Promise<T> {
  const store = await openStore(optionsFor(home.path, { encryptionKey: key }));
  try {
    return await read(store);
  } finally {
    await store.close();
  }
}

function keysOf(home: Home, name: string): readonly string[] {
  return existsSync(home.file(name)) ? keysInFile(home.file(name)) : [];
}

function stateOf(home: Home): ReturnType<typeof keyStateOf> {
  using db = new Database(home.file("boathook.db"));
  return keyStateOf(db);
}

describe("the schema", () => {
  test("each column with bytes has the name of sealed values or is known to contain no secrets", async () => {
    using home = temporaryDirectory();
    await filled(home);
    using db = new Database(home.file("boathook.db"));
    const columns = db
      .query<{ name: string }, []>(
        `SELECT t.name || '.' || c.name AS name FROM sqlite_schema t, pragma_table_info(t.name) c
         WHERE t.type = 'table' AND c.type = 'BLOB' AND c.name <> 'sealed' ORDER BY 1`,
      )
      .all();
    expect(columns.map(({ name }) => name)).toEqual(PLAIN_COLUMNS);
  });

  test("the data of these tests has a value in each table with sealed values", async () => {
    using home = temporaryDirectory();
    await filled(home);
    using db = new Database(home.file("boathook.db"));
    expect(closedTo(home, SECOND).sort()).toEqual(sealedTables(db).map(({ table }) => table));
  });
});

describe("the rotation of the key", () => {
  test("every value is sealed with the new key, and reads the same as before", async () => {
    using home = temporaryDirectory();
    const read = await filled(home);
    const count = sealedIn(home).length;
    expect(await rotate(home)).toEqual({ resealed: count, needsSetting: false, isKeyUnknown: false });
    const [key] = keysOf(home, "encryption.key");
    expect(key).not.toBe(FIRST);
    expect(closedTo(home, key!)).toEqual([]);
    expect(await readWith(home, read)).toEqual(CONTENT);
    expect(keysOf(home, "encryption.key.old")).toEqual([FIRST]);
    for (const name of ["encryption.key", "encryption.key.old"]) {
      expect(statSync(home.file(name)).mode & 0o777).toBe(0o600);
    }
    expect(stateOf(home)).toMatchObject({ previous: null });
  });

  test("a server that runs during a rotation reads and writes all the time, with the new key from the first moment", async () => {
    using home = temporaryDirectory();
    writeFileSync(home.file("encryption.key"), FIRST, { mode: 0o600 });
    const store = await openStore(optionsFor(home.path));
    await using world = await Furnished.open(async () => openedOnce(store));
    const read = await fill(world, 1500);
    let commits = 0;
    // Calls `use` after each commit of the rotation.
    const clock: Pauses = {
      steady: systemClock.steady,
      after(_, then) {
        void (async () => {
          commits++;
          expect(await read(store)).toEqual(CONTENT);
          const { seq } = await world.addEndpoint({ headers: CONTENT.headers }, `whsec_${commits}`);
          const [key] = keysOf(home, "encryption.key.new").concat(keysOf(home, "encryption.key"));
          const own = sealedIn(home).filter(([where]) => where === `endpoint ${seq}`);
          expect(own.map(([, sealed]) => new KeyBox(key!).openOrNull(sealed) !== null)).toEqual([true]);
          expect((await store.configuration.endpoints.secrets(seq, world.now))[0]!.secret).toBe(`whsec_${commits}`);
        })().then(then);
        return () => {};
      },
    };
    await rotate(home, { clock });
    expect(commits).toBeGreaterThan(10);
    expect(closedTo(home, keysOf(home, "encryption.key")[0]!)).toEqual([]);
    expect(await read(store)).toEqual(CONTENT);
  });

  test("each rotation keeps the keys before it, and forgetting removes them", async () => {
    using home = temporaryDirectory();
    const read = await filled(home);
    await rotate(home);
    const [second] = keysOf(home, "encryption.key");
    await rotate(home);
    expect(keysOf(home, "encryption.key.old")).toEqual([second!, FIRST]);
    const request = { dataDir: home.path, configured: null, clock: systemClock };
    expect(await forgetOldKeys(request)).toEqual([home.file("encryption.key.old")]);
    expect(await forgetOldKeys(request)).toEqual([]);
    expect(await readWith(home, read)).toEqual(CONTENT);
  });

  test("a value that no key opens is named, all others are rewritten, and the old key stays valid", async () => {
    using home = temporaryDirectory();
    const read = await filled(home);
    {
      using db = new Database(home.file("boathook.db"));
      db.run("UPDATE source_token SET sealed = zeroblob(40)");
    }
    const refused = rotate(home);
    await expect(refused).rejects.toThrow("Some values cannot be opened with any key: 1 in the table source_token.");
    expect(stateOf(home).previous).not.toBeNull();
    expect(closedTo(home, keysOf(home, "encryption.key")[0]!)).toEqual(["source_token"]);
    await expect(forgetOldKeys({ dataDir: home.path, configured: null, clock: systemClock })).rejects.toThrow(
      "A rotation of the key has not finished.",
    );
    {
      using db = new Database(home.file("boathook.db"));
      db.run("DELETE FROM source_token");
    }
    expect((await rotate(home)).resealed).toBe(0);
    expect(stateOf(home).previous).toBeNull();
    await expect(readWith(home, read)).rejects.toThrow();
  });

  test("two rotations at once: the second is refused", async () => {
    using home = temporaryDirectory();
    await filled(home);
    let second: unknown = null;
    const clock: Pauses = {
      steady: systemClock.steady,
      after(_, then) {
        void rotate(home).then(
          () => then(),
          (error: unknown) => {
            second = error;
            then();
          },
        );
        return () => {};
      },
    };
    await rotate(home, { clock });
    expect(String(second)).toContain("Another command is changing the encryption key.");
  });
});

describe("a configured key", () => {
  test("a server with the old setting runs and restarts, until one starts with the new key", async () => {
    using home = temporaryDirectory();
    const read = await filled(home, { key: FIRST });
    const running = await openStore(optionsFor(home.path, { encryptionKey: FIRST }));
    expect(await rotate(home, { configured: FIRST, newKey: SECOND })).toMatchObject({ needsSetting: true });
    expect(closedTo(home, SECOND)).toEqual([]);
    expect(await read(running)).toEqual(CONTENT);
    await running.close();
    let warnings = 0;
    const old = await openStore(optionsFor(home.path, { encryptionKey: FIRST, onOldKey: () => warnings++ }));
    expect(await read(old)).toEqual(CONTENT);
    await old.close();
    expect(warnings).toBe(1);
    await expect(forgetOldKeys({ dataDir: home.path, configured: FIRST, clock: systemClock })).rejects.toThrow(
      "The old key is still in use.",
    );
    await expect(rotate(home, { configured: SECOND, newKey: THIRD })).rejects.toThrow(
      "The server has not been started with the new key of the last rotation.",
    );
    expect(await readWith(home, read, SECOND)).toEqual(CONTENT);
    await expect(readWith(home, read, FIRST)).rejects.toThrow("The encryption key does not match the data.");
    expect(existsSync(home.file("encryption.key.sealed"))).toBeFalse();
    expect(keysOf(home, "encryption.key.old")).toEqual([FIRST]);
    expect(existsSync(home.file("encryption.key"))).toBeFalse();
  });

  test("a repeated command with the same keys changes nothing", async () => {
    using home = temporaryDirectory();
    await filled(home, { key: FIRST });
    for (const resealed of [sealedIn(home).length, 0, 0]) {
      expect(await rotate(home, { configured: FIRST, newKey: SECOND })).toMatchObject({ resealed });
    }
    expect(await rotate(home, { configured: SECOND, newKey: SECOND })).toMatchObject({ resealed: 0 });
  });

  test("a new key in a file takes the place of the key file when the setting has it", async () => {
    using home = temporaryDirectory();
    using elsewhere = temporaryDirectory();
    const read = await filled(home);
    const file = elsewhere.file("key");
    await expect(rotate(home, { toFile: home.file("key") })).rejects.toThrow("is in the data directory");
    await expect(rotate(home, { toFile: "/missing/key" })).rejects.toThrow("The directory /missing does not exist.");
    expect(await rotate(home, { toFile: file })).toMatchObject({ needsSetting: true, isKeyUnknown: false });
    const [key] = keysInFile(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(closedTo(home, key!)).toEqual([]);
    expect(await readWith(home, read)).toEqual(CONTENT);
    expect(await rotate(home, { toFile: file })).toMatchObject({ resealed: 0, needsSetting: true });
    await expect(rotate(home)).rejects.toThrow("The server has not been started with the new key");
    expect(await readWith(home, read, key)).toEqual(CONTENT);
    const removed = await forgetOldKeys({ dataDir: home.path, configured: key!, clock: systemClock });
    expect(removed).toEqual([home.file("encryption.key.old"), home.file("encryption.key")]);
    expect(await readWith(home, read, key)).toEqual(CONTENT);
  });
});

/** Thrown at the point where the process would end. */
class Interrupted extends Error {}

/** Ends the process before step `last`: an operation on files, or the pause after a commit. */
function interruptedAt(last: number): { readonly files: Files; readonly clock: Pauses; readonly steps: () => number } {
  let steps = 0;
  const step = () => {
    if (steps++ === last) throw new Interrupted();
  };
  const watched = <Args extends readonly unknown[]>(operation: (...args: Args) => void) => {
    return (...args: Args) => {
      step();
      operation(...args);
    };
  };
  const { makeDirectory, write, rename, sync } = systemFiles;
  return {
    files: {
      makeDirectory: watched(makeDirectory),
      write: watched(write),
      rename: watched(rename),
      sync: watched(sync),
    },
    clock: {
      steady: systemClock.steady,
      after(_, then) {
        step();
        then();
        return () => {};
      },
    },
    steps: () => steps,
  };
}

describe("a rotation that ends at any moment", () => {
  const cases: ReadonlyArray<readonly [what: string, change: Partial<RotationRequest>, hasFile: boolean]> = [
    ["of the key file", {}, false],
    ["of a configured key", { configured: FIRST, newKey: SECOND }, false],
    ["to another file", {}, true],
  ];
  test.each(cases)("%s loses nothing and can be repeated", async (_, change, hasFile) => {
    let isComplete = false;
    for (let last = 0; !isComplete; last++) {
      using home = temporaryDirectory();
      using elsewhere = temporaryDirectory();
      const { configured = null } = change;
      const read = await filled(home, { key: configured, endpoints: 250 });
      const request = { ...change, ...(hasFile && { toFile: elsewhere.file("key") }) };
      const { files, clock, steps } = interruptedAt(last);
      await rotate(home, { ...request, files, clock }).catch((error: unknown) => {
        if (!(error instanceof Interrupted)) throw error;
      });
      isComplete = steps() <= last;
      expect({ last, content: await readWith(home, read, configured) }).toEqual({ last, content: CONTENT });
      const hadBegun = stateOf(home).fingerprint !== new KeyBox(FIRST).fingerprint;
      await rotate(home, request);
      const key = change.newKey ?? keysInFile(hasFile ? elsewhere.file("key") : home.file("encryption.key"))[0]!;
      expect({ last, hadBegun, closed: closedTo(home, key) }).toEqual({ last, hadBegun, closed: [] });
      expect(await readWith(home, read, hasFile || configured !== null ? key : null)).toEqual(CONTENT);
      expect(keysOf(home, "encryption.key.old")).toContain(FIRST);
      expect(existsSync(home.file("encryption.key.new"))).toBeFalse();
      if (last > 60) throw new Error("The rotation has more steps than expected.");
    }
  });
});
