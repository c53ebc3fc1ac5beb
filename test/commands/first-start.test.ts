import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { ensureEnvironment } from "../../src/commands/environments.ts";
import { prepareFirstStart } from "../../src/commands/first-start.ts";
import { plainApplication } from "../../src/core/resources/application.ts";
import { systemClock } from "../../src/edge/clock.ts";
import { systemRandom } from "../../src/edge/random.ts";
import type { Store } from "../../src/store/index.ts";
import { openMemoryStore } from "../../src/store/sqlite/index.ts";

async function freshData() {
  const db = new Database(":memory:", { strict: true });
  const { store } = openMemoryStore(db, systemClock, () => {});
  const parts = { store, seqs: store.numbers, clock: systemClock, random: systemRandom };
  const { seq: environmentSeq } = await ensureEnvironment(parts, "default");
  /**
   * The tokens that were handed over, and whether a root token was valid at each of these moments.
   */
  const handed: { token: string; isValid: boolean }[] = [];
  const handOver = (token: string): void => {
    handed.push({ token, isValid: db.query("SELECT 1 FROM meta WHERE name = 'root-token-sha256'").get() !== null });
  };
  const prepare = (through: Store = store, rootToken: string | null = null) => {
    const wanted = { environmentSeq, rootToken, publicUrl: "http://127.0.0.1:8071", handOver };
    return prepareFirstStart({ ...parts, store: through }, wanted);
  };
  const count = (table: string) =>
    (db.query(`SELECT COUNT(*) AS count FROM ${table}`).get() as { count: number }).count;
  return { db, store, environmentSeq, prepare, count, handed };
}

test("the first start creates a root token and a demo application, and later starts create none", async () => {
  const { prepare, count } = await freshData();
  expect(await prepare()).toMatchObject({ rootToken: expect.stringMatching(/^bhroot_/), demoApplication: "demo" });
  expect(await prepare()).toBeNull();
  expect([count("application"), count("endpoint"), count("endpoint_secret")]).toEqual([1, 1, 1]);
});

test("a first start with a configured root token creates no token and no application, and neither does a later start", async () => {
  const { store, prepare, count } = await freshData();
  expect(await prepare(store, "configured-token")).toBeNull();
  expect(await prepare()).toBeNull();
  expect([count("application"), count("endpoint")]).toEqual([0, 0]);
  expect(await store.housekeeping.meta.get("root-token-sha256")).toBeNull();
});

test("a root token is handed over before it becomes valid, and the start after an interrupted one hands over another token", async () => {
  const { db, prepare, handed } = await freshData();
  db.run("CREATE TRIGGER broken BEFORE INSERT ON endpoint BEGIN SELECT RAISE(ABORT, 'planted'); END");
  await expect(prepare()).rejects.toThrow("planted");
  db.run("DROP TRIGGER broken");
  const first = await prepare();
  expect(handed.map(({ isValid }) => isValid)).toEqual([false, false]);
  expect(handed[0]!.token).not.toBe(handed[1]!.token);
  expect(first!.rootToken).toBe(handed[1]!.token);
  expect(await prepare()).toBeNull();
  expect(handed).toHaveLength(2);
});

test("a first start that fails half-way stores nothing, and the next start creates everything", async () => {
  const { db, prepare, count } = await freshData();
  const values = count("meta");
  db.run("CREATE TRIGGER broken BEFORE INSERT ON endpoint BEGIN SELECT RAISE(ABORT, 'planted'); END");
  await expect(prepare()).rejects.toThrow("planted");
  expect([count("application"), count("meta")]).toEqual([0, values]);
  db.run("DROP TRIGGER broken");
  expect(await prepare()).not.toBeNull();
  expect([count("application"), count("endpoint")]).toEqual([1, 1]);
});

test("a first start keeps a root token that was created before it, and creates no application", async () => {
  const { store, prepare, count, handed } = await freshData();
  const { meta } = store.housekeeping;
  await meta.set("root-token-sha256", "hash-of-the-token");
  expect(await prepare()).toBeNull();
  expect(await meta.get("root-token-sha256")).toBe("hash-of-the-token");
  expect(handed).toEqual([]);
  expect(count("application")).toBe(0);

  // The directory counts as prepared, even without the token.
  await meta.set("root-token-sha256", null);
  expect(await prepare()).toBeNull();
});

test("completing a first start that an earlier release left unfinished keeps the existing application", async () => {
  const { db, prepare, count } = await freshData();
  await prepare();
  db.run("DELETE FROM meta WHERE name IN ('first-start', 'root-token-sha256')");
  expect(await prepare()).toMatchObject({ rootToken: expect.any(String) });
  expect([count("application"), count("endpoint")]).toEqual([1, 1]);
});

test("if a client creates the demo application during the first start, the client's application is kept", async () => {
  const { store, environmentSeq, prepare, count } = await freshData();
  const taken = plainApplication({ seq: store.numbers.next(), environmentSeq, name: "Mine", now: 0 });
  let isTaken = false;
  const together: Store["together"] = async (start) => {
    if (!isTaken) await store.configuration.applications.create({ ...taken, uid: "demo" });
    isTaken = true;
    return store.together(start);
  };
  expect(await prepare({ ...store, together })).toMatchObject({ rootToken: expect.any(String) });
  expect([count("application"), count("endpoint")]).toEqual([1, 0]);
  expect(await prepare()).toBeNull();
});
