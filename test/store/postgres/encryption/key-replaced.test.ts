import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { SQL } from "bun";
import { Database } from "../../../../src/store/postgres/connection/database.ts";
import { rotateKey } from "../../../../src/store/postgres/encryption/key-rotation.ts";
import { Keys } from "../../../../src/store/postgres/encryption/keys.ts";
import { payloadLinkKey } from "../../../../src/store/postgres/encryption/link-key.ts";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { KeyBox } from "../../../../src/store/sql/secret-box.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { soon } from "../../../support/soon.ts";
import { atOnce } from "../at-once.ts";
import { closeSharedServer, optionsFor, preparedDatabase } from "../open.ts";

setDefaultTimeout(60_000);

const [FIRST, SECOND] = ["00".repeat(32), "2b".repeat(32)];
const REPLACED =
  "StartError: The encryption key of the database was replaced while this process was starting. Set encryption-key to the new key and restart the server.";

const rotate = (url: string) =>
  rotateKey({ url, configured: FIRST, newKey: SECOND, beforeBegin() {}, keep() {}, onBegun() {} });
/** Begins a rotation, as one that is interrupted before the values are sealed again. */
const beginRotation = (url: string) =>
  rotateKey({
    ...{ url, configured: FIRST, newKey: SECOND, beforeBegin() {}, keep() {} },
    onBegun() {
      throw new Error("interrupted");
    },
  }).catch(String);

/** A database without the key of links, which an instance of an earlier version has used. */
async function withoutLinkKey(): Promise<string> {
  const url = await preparedDatabase();
  await using sql = new SQL(url, { max: 1 });
  await sql`DELETE FROM meta WHERE name = 'payload-link-key'`;
  return url;
}

async function linkKeysIn(url: string): Promise<number> {
  await using sql = new SQL(url, { max: 1 });
  return (await sql`SELECT 1 FROM meta WHERE name = 'payload-link-key'`).length;
}

/** Rotates the key as soon as another transaction waits for a lock. */
async function rotatedOnceWaiting(sql: SQL, url: string): Promise<void> {
  await soon(
    () => sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    ({ length }) => length === 1,
  );
  await rotate(url);
}

/** Returns a database for which something happens after its first statement. */
function interruptedDatabase(url: string, interruption: () => Promise<unknown>): Database {
  const database = new Database({ url });
  const { first, all } = database;
  let interrupted: Promise<unknown> | null = null;
  const then = async <T>(result: T): Promise<T> => {
    interrupted ??= interruption();
    await interrupted;
    return result;
  };
  return Object.assign(database, {
    first: async (...statement: Parameters<typeof first>) => then(await first(...statement)),
    all: async (...statement: Parameters<typeof all>) => then(await all(...statement)),
  });
}

describe.skipIf(!hasPostgres)("a key that is replaced while an instance is starting", () => {
  afterAll(closeSharedServer);

  test("is named as the reason why the key of links cannot be opened", async () => {
    const url = await preparedDatabase();
    const database = new Database({ url });
    const keys = await Keys.open(database, FIRST);
    await rotate(url);
    expect(await payloadLinkKey(database, keys).catch(String)).toBe(REPLACED);
    await database.close();
  });

  test("is named if the rotation begins after the first statement, and no key is called damaged", async () => {
    const url = await preparedDatabase();
    const database = interruptedDatabase(url, () => beginRotation(url));
    const opened = Keys.open(database, FIRST).then((keys) => payloadLinkKey(database, keys));
    expect(await opened.catch(String)).toBe(REPLACED);
    await database.close();
  });

  test("seals no key of links that is stored later", async () => {
    const url = await withoutLinkKey();
    const database = new Database({ url });
    const keys = await Keys.open(database, FIRST);
    await rotate(url);
    expect(await payloadLinkKey(database, keys).catch(String)).toBe(REPLACED);
    expect(await linkKeysIn(url)).toBe(0);
    await database.close();
  });

  test("is replaced after a key of links that is being stored with it, which is sealed again", async () => {
    const url = await withoutLinkKey();
    await using sql = new SQL(url, { max: 2 });
    const database = new Database({ url });
    const keys = await Keys.open(database, FIRST);
    const linkKey = "ab".repeat(32);
    const sealed = new KeyBox(FIRST).seal(linkKey).toHex();
    // An instance that stores the key at the same time.
    const hold = `INSERT INTO meta (name, value) VALUES ('payload-link-key', '${sealed}')`;
    const begin = () => {
      const stored = payloadLinkKey(database, keys);
      return [stored, rotatedOnceWaiting(sql, url)] as const;
    };
    const [stored] = await atOnce(sql, hold, begin);
    expect(stored).toBe(linkKey);
    const store = await openStore(optionsFor(url, { encryptionKey: SECOND }));
    expect(store.payloadLinkKey).toBe(linkKey);
    await store.close();
    await database.close();
  });
});
