import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { SQL } from "bun";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { type RotationRequest, rotateKey } from "../../../../src/store/postgres/encryption/key-rotation.ts";
import { openStore } from "../../../../src/store/postgres/index.ts";
import { KeyBox } from "../../../../src/store/sql/secret-box.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { Furnished } from "../../furnished.ts";
import { fill } from "../../sealed-content.ts";
import { openedOnce, type StoreUnderTest } from "../../store-under-test.ts";
import { closeSharedServer, optionsFor, preparedDatabase } from "../open.ts";

setDefaultTimeout(60_000);

const [FIRST, SECOND] = ["00".repeat(32), "2b".repeat(32)];
/** The columns with bytes that are no secrets: content, hashes and keys of idempotency. */
const PLAIN_COLUMNS = [
  ...["attempt.response", "idempotency.body_hash", "idempotency.key", "message.payload", "session.owner_sha256"],
  ...["session.sha256", "source_log.payload", "source_token.sha256", "token.sha256"],
];
const SEALED_TABLES = ["attempt", "endpoint", "endpoint_secret", "idempotency", "source", "source_token"];

function rotate(url: string, change: Partial<RotationRequest> = {}) {
  const hooks = { beforeBegin() {}, keep() {}, onBegun() {} };
  return rotateKey({ url, configured: FIRST, newKey: SECOND, ...hooks, ...change });
}

const open = (url: string, encryptionKey: string) => openStore(optionsFor(url, { encryptionKey }));

/** Fills a new database with values of each kind. Returns its URL, and a function that reads them all. */
async function filled(endpoints = 1) {
  const url = await preparedDatabase();
  await using world = await Furnished.open(async () => openedOnce(await open(url, FIRST)));
  return { url, readAll: await fill(world, endpoints) };
}

/** Every sealed value of a database: the table, and the bytes. */
async function sealedIn(url: string): Promise<ReadonlyArray<readonly [table: string, sealed: Uint8Array]>> {
  await using sql = new SQL(url, { max: 1 });
  const found: (readonly [string, Uint8Array])[] = [];
  for (const table of SEALED_TABLES) {
    const rows = (await sql.unsafe(`SELECT sealed FROM ${table} WHERE sealed IS NOT NULL`)) as { sealed: Uint8Array }[];
    for (const { sealed } of rows) found.push([table, sealed]);
  }
  return found;
}

/** Returns the tables with a value that the key cannot open. */
async function closedTo(url: string, hex: string): Promise<string[]> {
  const closed = (await sealedIn(url)).filter(([, sealed]) => new KeyBox(hex).openOrNull(sealed) === null);
  return [...new Set(closed.map(([table]) => table))];
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: Error) => error.message,
  );
}

describe.skipIf(!hasPostgres)("the rotation of the key of a PostgreSQL database", () => {
  afterAll(closeSharedServer);

  test("each column with bytes has the name of sealed values or is known to contain no secrets", async () => {
    const { url } = await filled();
    await using sql = new SQL(url, { max: 1 });
    const rows = await sql`SELECT c.table_name || '.' || c.column_name AS name FROM information_schema.columns c
      WHERE c.data_type = 'bytea' AND c.table_schema = 'public' AND c.table_name !~ '_[0-9]+$' ORDER BY 1`;
    const names = Array.from(rows as { name: string }[]).map(({ name }) => name);
    expect(names.filter((name) => !name.endsWith(".sealed"))).toEqual(PLAIN_COLUMNS);
    const sealed = names.filter((name) => name.endsWith(".sealed")).map((name) => name.replace(".sealed", ""));
    expect(sealed).toEqual(SEALED_TABLES);
    // The data of these tests has a value in each of them.
    expect(await closedTo(url, SECOND)).toEqual(SEALED_TABLES);
  });

  test("every value is sealed with the new key, and reads the same as before", async () => {
    const { url, readAll } = await filled(450);
    const store = await open(url, FIRST);
    const before = await readAll(store);
    await store.close();
    const count = (await sealedIn(url)).length;
    expect(count).toBeGreaterThan(900);
    expect((await rotate(url)).resealed).toBe(count);
    expect(await closedTo(url, SECOND)).toEqual([]);
    const rotated = await open(url, SECOND);
    expect(await readAll(rotated)).toEqual(before);
    await rotated.close();
    expect(await failureOf(open(url, FIRST))).toContain("encrypted with another key");
    // Nothing is left to do.
    expect((await rotate(url, { configured: SECOND })).resealed).toBe(0);
  });

  test("while an instance runs, the rotation is refused and changes nothing", async () => {
    const { url, readAll } = await filled();
    const store = await open(url, FIRST);
    expect(await failureOf(rotate(url))).toStartWith("1 process still uses the database. Stop all instances");
    expect(await closedTo(url, FIRST)).toEqual([]);
    await readAll(store);
    await store.close();
  });

  test("a rotation that was interrupted before it began leaves the old key in force", async () => {
    const { url, readAll } = await filled();
    const keep = () => {
      throw new Error("the disk is full");
    };
    expect(await failureOf(rotate(url, { keep }))).toBe("the disk is full");
    const store = await open(url, FIRST);
    await readAll(store);
    await store.close();
  });

  test("after an interrupted rotation, instances use the new key beside the old one until it is finished", async () => {
    const url = await preparedDatabase();
    let store = await open(url, FIRST);
    const onBegun = () => {
      throw new Error("killed");
    };
    const under: StoreUnderTest = {
      ...openedOnce(store),
      get store() {
        return store;
      },
      async reopen() {
        await store.close();
        expect(await failureOf(rotate(url, { onBegun }))).toBe("killed");
        expect(await failureOf(open(url, FIRST))).toContain("encrypted with another key");
        store = await open(url, SECOND);
      },
      remove: () => store.close(),
    };
    await using world = await Furnished.open(async () => under);
    const readAll = await fill(world);
    await world.reopen();
    await readAll(store);
    // The instance writes while the rotation is finished.
    const added = Array.from({ length: 20 }, () => world.addEndpoint({ headers: { a: "b" } }));
    expect((await rotate(url)).resealed).toBeGreaterThan(5);
    await Promise.all(added);
    expect(await closedTo(url, SECOND)).toEqual([]);
    await readAll(store);
  });

  test("an instance that was suspended during the rotation stores nothing with the old key", async () => {
    const url = await preparedDatabase();
    const store = await open(url, FIRST);
    await using world = await Furnished.open(async () => openedOnce(store));
    await using sql = new SQL(url, { max: 1 });
    await sql`UPDATE instance SET expires_at = clock_timestamp() - interval '1 second' WHERE held`;
    await rotate(url);
    const refused = await world.addEndpoint({ headers: { a: "b" } }).catch((error) => error);
    expect(refused).toBeInstanceOf(StoreUnavailable);
    expect(refused.message).toContain("The encryption key of the database was replaced");
    expect(await closedTo(url, SECOND)).toEqual([]);
  });

  test("a value that no key can open is reported with its table, and the old key stays valid", async () => {
    const { url } = await filled();
    await using sql = new SQL(url, { max: 1 });
    await sql`UPDATE endpoint_secret SET sealed = decode(repeat('ab', 40), 'hex')`;
    expect(await failureOf(rotate(url))).toStartWith("Some values cannot be opened with any key: ");
    await sql`DELETE FROM endpoint_secret`;
    expect((await rotate(url)).resealed).toBe(0);
    const store = await open(url, SECOND);
    await store.close();
  });
});
