import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { systemClock } from "../../../../src/edge/clock.ts";
import { openMemoryStore } from "../../../../src/store/sqlite/index.ts";
import { ApplicationChanges } from "../../../../src/store/sqlite/moves/application-changes.ts";
import { memoryDatabase } from "../../../support/memory-database.ts";
import { Furnished } from "../../furnished.ts";
import { openedOnce } from "../../store-under-test.ts";
import { dropTask, HOLD, TwoStores } from "../../two-stores.ts";

test("the fingerprint of an application with very many waiting deliveries changes with each of them", async () => {
  const db = new Database(":memory:", { strict: true });
  const { store } = openMemoryStore(db, systemClock, () => {});
  await using world = await Furnished.open(async () => openedOnce(store));
  await world.send();
  const { origin } = store.moves!;
  db.run(
    `WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < 150000)
     INSERT INTO delivery (seq, message_seq, endpoint_seq, state, position, due_at, attempts, attempts_total, round, trigger)
     SELECT d.seq + i, d.message_seq, d.endpoint_seq, 0, d.position + i, d.due_at, 0, 0, 0, 0 FROM number, delivery d`,
  );
  const before = await origin.fingerprint(world.application.seq);
  expect(await origin.fingerprint(world.application.seq)).toBe(before);
  db.run("UPDATE delivery SET position = position + 1 WHERE seq = (SELECT MAX(seq) FROM delivery)");
  expect(await origin.fingerprint(world.application.seq)).not.toBe(before);
});

test("the fingerprint changes with each change to an endpoint, a secret or a waiting delivery of the application, and with no other", async () => {
  const db = new Database(":memory:", { strict: true });
  const { store } = openMemoryStore(db, systemClock, () => {});
  await using world = await Furnished.open(async () => openedOnce(store));
  const { origin } = store.moves!;
  const other = await world.addApplication();
  const elsewhere = await world.addEndpoint({ applicationSeq: other.seq });
  const [message] = await world.sendMany(3);
  await world.send({ applicationSeq: other.seq }, [elsewhere.seq]);
  const { seq } = message!.deliveries[0]!;
  const [own, others] = [world.application.seq, other.seq];
  let before = await origin.fingerprint(own);
  let beforeOther = await origin.fingerprint(others);
  const isChanged = async () => {
    const [now, nowOther] = [await origin.fingerprint(own), await origin.fingerprint(others)];
    const changed = [now !== before, nowOther !== beforeOther];
    [before, beforeOther] = [now, nowOther];
    return changed;
  };
  const changes: [sql: string, expected: readonly boolean[]][] = [
    [`UPDATE delivery SET position = position + 1 WHERE seq = ${seq}`, [true, false]],
    [`UPDATE delivery SET attempts_total = 1 WHERE seq = ${seq}`, [true, false]],
    [`UPDATE delivery SET due_at = due_at + 1 WHERE endpoint_seq = ${elsewhere.seq}`, [false, true]],
    [`UPDATE delivery SET state = 1, ended_at = 1 WHERE seq = ${seq}`, [true, false]],
    [`UPDATE delivery SET ended_at = 2 WHERE seq = ${seq}`, [false, false]],
    [`UPDATE delivery SET state = 0, ended_at = NULL WHERE seq = ${seq}`, [true, false]],
    [`UPDATE delivery SET state = 1, ended_at = 1 WHERE seq = ${seq}`, [true, false]],
    [`DELETE FROM delivery WHERE seq = ${seq}`, [false, false]],
    [
      `DELETE FROM delivery WHERE seq = (SELECT MAX(seq) FROM delivery WHERE endpoint_seq <> ${elsewhere.seq})`,
      [true, false],
    ],
    [
      `INSERT INTO delivery (seq, message_seq, endpoint_seq, state, position, due_at, attempts, attempts_total, round, trigger)
       VALUES (${seq}, ${message!.seq}, ${world.endpoint.seq}, 0, ${seq}, 0, 0, 0, 0, 0)`,
      [true, false],
    ],
  ];
  const secrets = `endpoint_secret WHERE endpoint_seq = ${world.endpoint.seq}`;
  changes.push(
    [`UPDATE endpoint SET description = 'a' WHERE seq = ${world.endpoint.seq}`, [true, false]],
    [`UPDATE endpoint SET description = 'a' WHERE seq = ${elsewhere.seq}`, [false, true]],
    [`INSERT INTO endpoint_secret (endpoint_seq, sealed) SELECT endpoint_seq, sealed FROM ${secrets}`, [true, false]],
    [`UPDATE endpoint_secret SET expires_at = 5 WHERE id = (SELECT MAX(id) FROM ${secrets})`, [true, false]],
    [`DELETE FROM endpoint_secret WHERE id = (SELECT MAX(id) FROM ${secrets})`, [true, false]],
  );
  for (const [sql, expected] of changes) {
    db.run(sql);
    expect({ sql, changed: await isChanged() }).toEqual({ sql, changed: [...expected] });
  }
  db.run("BEGIN");
  db.run("DELETE FROM delivery");
  db.run("ROLLBACK");
  expect(await isChanged()).toEqual([false, false]);
  origin.forget(others);
  expect(await isChanged()).toEqual([false, true]);
});

test("changes to deliveries are counted only until the fingerprints are forgotten, also before the store is closed", async () => {
  const db = new Database(":memory:", { strict: true });
  const { store } = openMemoryStore(db, systemClock, () => {});
  await using world = await Furnished.open(async () => openedOnce(store));
  const { origin } = store.moves!;
  const temporary = () => db.query("SELECT name FROM temp.sqlite_schema").values().flat();
  const before = temporary();
  const fingerprint = await origin.fingerprint(world.application.seq);
  expect(temporary()).not.toEqual(before);
  origin.forget(world.application.seq);
  expect(temporary()).toEqual(before);
  const { application, environment } = world;
  const departure = {
    ...{ applicationSeq: application.seq, environmentSeq: environment.seq, uid: null },
    ...{ url: "https://b.example", hold: HOLD, departedAt: world.now },
  };
  expect(await origin.depart(departure, fingerprint, dropTask(world))).toBeNull();
  await origin.fingerprint(world.application.seq);
  await store.close();
  db.close();
  origin.forget(world.application.seq);
});

test("the changes of an application are counted again after the end of their count was undone", () => {
  using db = memoryDatabase();
  const changes = new ApplicationChanges(db);
  changes.begin(1);
  changes.begin(2);
  const before = changes.of(1);
  db.run("BEGIN");
  changes.end(1);
  db.run("ROLLBACK");
  expect(changes.of(1)).toBeNull();
  changes.begin(1);
  expect(changes.of(1)).not.toBe(before);
});

test("the ids of moved messages are forgotten when the messages have been pruned, and others are kept", async () => {
  const db = new Database(":memory:", { strict: true });
  const { store } = openMemoryStore(db, systemClock, () => {});
  await using world = await Furnished.open(async () => openedOnce(store));
  const message = await world.send({}, []);
  const keep = db.prepare("INSERT INTO moved_id (id, seq) VALUES (?, ?)");
  for (const id of ["msg_a", "app_a", "ep_a"]) keep.run(id, message.seq);
  keep.run("msg_of_nothing", message.seq + 1);
  const ids = () => db.query("SELECT id FROM moved_id ORDER BY id").values().flat();
  await store.housekeeping.prune(world.now, world.now, 100);
  expect(ids()).toEqual(["app_a", "ep_a", "msg_a", "msg_of_nothing"]);
  world.now += 1000;
  await store.housekeeping.prune(world.now, world.now, 100);
  await store.housekeeping.prune(world.now, world.now, 100);
  expect(ids()).toEqual(["app_a", "ep_a"]);
});

test("the leases of several groups are read in pages, each lease once", async () => {
  const db = new Database(":memory:", { strict: true });
  const { store } = openMemoryStore(db, systemClock, () => {});
  await using world = await Furnished.open(async () => openedOnce(store));
  const messages = await world.sendMany(1500);
  // Sorted by name, the groups are not in the order of their numbers.
  for (const [id, name] of ["c", "a", "b"].entries()) {
    db.run(
      "INSERT INTO poller_group (id, application_seq, sink, name, cursor, updated_at) VALUES (?, ?, 's', ?, 0, 1)",
      [id + 1, world.application.seq, name],
    );
    const lease = db.prepare("INSERT INTO poller_lease (group_id, message_seq, times, ends_at) VALUES (?, ?, 1, 5)");
    for (const { seq } of messages) lease.run(id + 1, seq);
  }
  const found: string[] = [];
  const sizes: number[] = [];
  type Place = Parameters<NonNullable<typeof store.moves>["origin"]["polled"]>[1];
  for (let after: Place = { groupId: 0, messageSeq: 0 }; after !== null; ) {
    const { page, next } = await store.moves!.origin.polled(world.application.seq, after);
    sizes.push(page.leases.length);
    found.push(...page.leases.map(({ group, messageSeq }) => `${group} ${messageSeq}`));
    after = next;
  }
  expect(sizes).toEqual([2000, 2000, 500]);
  expect(found).toEqual(["c", "a", "b"].flatMap((name) => messages.map(({ seq }) => `${name} ${seq}`)));
});

test("numbers grow at both servers after an application has moved whose history was deleted, also with slow clocks", async () => {
  const aheadMs = 30_000;
  const clock = { ...systemClock, now: () => Date.now() + aheadMs };
  const [db, toDb] = [new Database(":memory:", { strict: true }), new Database(":memory:", { strict: true })];
  const stores = [openMemoryStore(db, clock, () => {}).store, openMemoryStore(toDb, systemClock, () => {}).store];
  const opening = stores.values();
  await using world = await TwoStores.open(async () => openedOnce(opening.next().value!));
  const { from, to } = world;
  from.useStoreNumbers();
  await from.sendMany(3);
  const used = from.store.numbers.last;
  for (const table of ["delivery", "message"]) db.run(`DELETE FROM ${table}`);
  const { seq } = await world.settings(HOLD);
  await world.polled(seq);
  await world.waiting(seq);
  const departure = {
    ...{ applicationSeq: world.seq, environmentSeq: from.environment.seq, uid: null, hold: HOLD },
    ...{ url: "https://b.example", departedAt: from.now },
  };
  expect(
    await world.origin.depart(departure, await world.origin.fingerprint(world.seq), dropTask(from)),
  ).not.toBeNull();
  expect(await world.destination.arrive(seq, HOLD, to.now)).not.toBeNull();

  expect(to.store.numbers.next()).toBeGreaterThan(used);
  // After a restart, with clocks that have been set back.
  for (const moved of [db, toDb]) {
    const again = openMemoryStore(moved, systemClock, () => {}).store;
    expect(again.numbers.next()).toBeGreaterThan(used);
  }
});

test("the settings of an application with thousands of waiting deliveries are read in several turns", async () => {
  const db = new Database(":memory:", { strict: true });
  let turns = 0;
  const soon = (task: () => void) => {
    turns++;
    systemClock.soon(task);
  };
  const { store } = openMemoryStore(db, { ...systemClock, soon }, () => {});
  await using world = await Furnished.open(async () => openedOnce(store));
  const sent = await world.sendMany(2500);
  await world.addPayloadVersion("2026-01-01");
  const created = (await store.configuration.payloadVersions.all(world.environment.seq))[0]!.seq;
  const [dead, later] = [await world.sendDead(), await world.sendMany(2500)];
  expect(dead.seq).toBeLessThan(later[0]!.seq);
  turns = 0;

  const { versions } = await store.moves!.origin.settings(world.application.seq, world.seqs.next());

  expect(turns).toBeGreaterThanOrEqual(2);
  expect(versions).toMatchObject({
    oldestWaiting: sent[0]!.seq,
    versions: [{ version: "2026-01-01", created: { after: sent.at(-1)!.seq, before: dead.seq }, deleted: null }],
  });
  expect(created).toBeGreaterThan(sent.at(-1)!.seq);
});

test("the many deliveries that wait for an application that arrives are counted in several turns", async () => {
  let turns = 0;
  const soon = (task: () => void) => {
    turns++;
    systemClock.soon(task);
  };
  const toDb = new Database(":memory:", { strict: true });
  const opening = [
    openMemoryStore(new Database(":memory:", { strict: true }), systemClock, () => {}).store,
    openMemoryStore(toDb, { ...systemClock, soon }, () => {}).store,
  ].values();
  await using stores = await TwoStores.open(async () => openedOnce(opening.next().value!));
  const { from, to, destination } = stores;
  await from.sendDead();
  await from.sendDead();
  const other = await from.addEndpoint();
  await from.store.queue.accept([from.newMessage(), from.newMessage({}, [other.seq])]);
  const { seq } = await stores.settings();
  await stores.waiting(seq);
  toDb.run(
    `WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < 100000)
     INSERT INTO delivery (seq, message_seq, endpoint_seq, state, position, due_at, attempts, attempts_total, round, trigger)
     SELECT d.seq + i, d.message_seq, d.endpoint_seq, 0, d.position, d.due_at, 0, 0, 0, 0 FROM number, delivery d WHERE d.state = 0`,
  );
  turns = 0;

  const arrived = await destination.arrive(seq, HOLD, to.now);

  expect(arrived).toMatchObject({ pending: 100_001, dead: 2 });
  expect(turns).toBeGreaterThanOrEqual(5);
});

/** Opens two stores in memory. Returns them with the database of the second one, which can be opened again. */
async function openPair() {
  const [db, toDb] = [new Database(":memory:", { strict: true }), new Database(":memory:", { strict: true })];
  const [from, to] = [db, toDb].map((each) => openMemoryStore(each, systemClock, () => {}).store);
  const opening = [from!, to!].values();
  const world = await TwoStores.open(async () => openedOnce(opening.next().value!));
  const environments = () => [...to!.moves!.destination.keyEnvironments];
  const environmentsAfterStart = () => [
    ...openMemoryStore(toDb, systemClock, () => {}).store.moves!.destination.keyEnvironments,
  ];
  return { world, toDb, environments, environmentsAfterStart };
}

test("an arrival that began before keys moved gets the environment of its keys with the next settings, and keeps it", async () => {
  const { world, toDb, environments, environmentsAfterStart } = await openPair();
  await using stores = world;
  const { page, seq } = await stores.settings();
  toDb.run("UPDATE arrival SET key_environment = NULL");
  await stores.settings(HOLD);
  expect(environments()).toEqual([[seq, page.keyEnvironment]]);
  expect(environmentsAfterStart()).toEqual([[seq, page.keyEnvironment]]);
});

test("the environment of the keys of an arrival is the same before and after a restart, and is forgotten if the move is given up", async () => {
  const { world, environments, environmentsAfterStart } = await openPair();
  await using stores = world;
  const { page, seq } = await stores.settings();
  for (const hold of [null, HOLD]) {
    await stores.settings(hold, { ...page, keyEnvironment: "org_other" });
    expect(environments()).toEqual([[seq, page.keyEnvironment]]);
    expect(environmentsAfterStart()).toEqual([[seq, page.keyEnvironment]]);
  }
  await stores.destination.abandon(seq, HOLD, stores.to.now);
  expect(environments()).toEqual([]);
});

test("the environment of the keys of an arrival is not known if the commit with its settings fails", async () => {
  const { world, toDb, environments } = await openPair();
  await using stores = world;
  toDb.run("PRAGMA foreign_keys = ON");
  // A row that refers to no other lets COMMIT fail.
  const reference = "other INTEGER REFERENCES planted (seq) DEFERRABLE INITIALLY DEFERRED";
  toDb.run(`CREATE TABLE planted (seq INTEGER PRIMARY KEY, ${reference})`);
  toDb.run("CREATE TRIGGER planted AFTER INSERT ON arrival BEGIN INSERT INTO planted VALUES (1, 2); END");
  await expect(stores.settings()).rejects.toThrow("Nothing was stored.");
  expect(environments()).toEqual([]);
  toDb.run("DROP TRIGGER planted");
  const { page, seq } = await stores.settings();
  expect(environments()).toEqual([[seq, page.keyEnvironment]]);
});

test("an arrival that was interrupted while it deleted messages goes on after a restart", async () => {
  const [db, toDb] = [new Database(":memory:", { strict: true }), new Database(":memory:", { strict: true })];
  let crashed = false;
  const crash = () => {
    if (crashed) throw new Error("The store has crashed.");
    crashed = toDb.query("SELECT 1 FROM arrival WHERE checked_to > 0").get() !== null;
  };
  const [from, to] = [openMemoryStore(db, systemClock, () => {}), openMemoryStore(toDb, systemClock, () => {}, crash)];
  const opening = [from.store, to.store].values();
  await using world = await TwoStores.open(async () => openedOnce(opening.next().value!));
  const unwaited = Array.from({ length: 1300 }, () => world.from.newMessage());
  await world.from.store.queue.accept(unwaited);
  const waiting = await world.from.sendMany(3);
  const { seq } = await world.settings();
  await world.copyMessages(
    seq,
    unwaited.map((message) => message.seq),
  );
  await world.waiting(seq);
  const stored = () => toDb.query("SELECT COUNT(*) FROM message WHERE application_seq = ?").values(seq)[0]![0];

  await expect(world.destination.arrive(seq, HOLD, world.to.now)).rejects.toThrow("Nothing was stored.");
  expect(stored()).toBe(803);
  const again = openMemoryStore(toDb, systemClock, () => {}).store.moves!.destination;
  expect(again.arriving.has(seq)).toBe(true);
  expect(await again.arrive(seq, HOLD, world.to.now)).toMatchObject({ pending: 3 });
  expect(stored()).toBe(waiting.length);
  expect(toDb.query("SELECT COUNT(*) FROM arrival_message").values()).toEqual([[0]]);
  expect(await again.arrive(seq, HOLD, world.to.now)).toMatchObject({ pending: 0 });
});
