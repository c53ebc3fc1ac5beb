import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync } from "node:fs";
import { systemClock } from "../../../../src/edge/clock.ts";
import type { PageRequest, Store } from "../../../../src/store/index.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { migrations } from "../../../../src/store/sqlite/schema/migrations.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { optionsFor } from "../open.ts";
import { createEarlier } from "./earlier-data.ts";
import { AT, HASHES, HOUR, KEY, SINCE } from "./earlier-rows.ts";

const SCHEMAS = Array.from({ length: migrations.length }, (_, index) => index + 1);
const PAGE: PageRequest = { limit: 100, from: null, backwards: false, order: "ascending" };
const NOW = AT + 1000;

async function opened(path: string): Promise<Store> {
  return openStore(
    optionsFor(path, { encryptionKey: KEY, clock: { ...systemClock, now: () => NOW }, upgradeCopy: false }),
  );
}

/** Checks what every version has stored. */
async function expectConfiguration({ configuration }: Store, schema: number): Promise<void> {
  const { environments, applications, eventTypes, endpoints, tokens } = configuration;
  expect(await environments.named("default")).toMatchObject({ seq: 1, pausedAt: null });
  expect((await environments.get(1))!.type).toBe(schema >= 4 ? "development" : "production");
  expect(await applications.find(1, { uid: "acme" })).toMatchObject({ seq: 2, throttleRate: 50, metadata: { a: "b" } });
  expect(await eventTypes.get(1, "order.paid")).toMatchObject({
    ...{ description: "Paid", deprecated: true, schemas: { "1": { type: "object" } }, featureFlags: ["beta"] },
    ...{ groupName: "orders", validation: "warn" },
  });
  expect(await endpoints.find(2, { uid: "main" })).toMatchObject({
    ...{ seq: 5, url: "https://u:pass@hook.example/", headers: { "X-Key": "hidden" }, ordering: "fifo" },
    ...{ concurrency: 4, timeoutMs: 9000, retryScheduleMs: [1000, 2000], failingSince: AT, transformation: null },
  });
  expect(await endpoints.get(6)).toMatchObject({ uid: null, disabled: true, ordering: "parallel", deleted: false });
  const secrets = [
    { secret: "whsec_bmV3", expiresAt: null },
    { secret: "whsec_b2xk", expiresAt: AT + HOUR },
  ];
  expect(await endpoints.secrets(5, NOW)).toEqual(secrets);
  expect(await tokens.withHash(HASHES.token)).toMatchObject({ seq: 7, name: "ci", applicationSeq: 2, scopes: null });
  expect(await tokens.withHash(HASHES.token)).toMatchObject({ readOnly: false });
}

async function expectTraffic({ queue, history, housekeeping }: Store): Promise<void> {
  const first = await history.messages.find(2, { uid: "first" });
  expect(first).toMatchObject({ seq: 10, eventType: "order.paid", channels: ["eu"], tags: ["vip"], received: null });
  expect(await history.messages.find(2, { uid: "last" })).toMatchObject({ seq: 12 });
  const [content] = await queue.contents([10]);
  expect(Buffer.from(content!.payload!).toString()).toBe('{"n":10}');
  const listed = await history.messages.list(2, {}, PAGE, false);
  expect(listed.rows.map(({ seq }) => seq)).toEqual([10, 11, 12]);
  const waiting = await queue.due(5, { position: 0, seq: 0 }, Number.MAX_SAFE_INTEGER, 100);
  expect(waiting).toMatchObject([{ seq: 20, messageSeq: 10, attempts: 1 }]);
  const states = await Promise.all([10, 11, 12].map((seq) => history.messages.deliveries(seq)));
  expect(states.flat().map(({ state, reason }) => [state, reason])).toEqual([
    ["pending", null],
    ["dead", "status_5xx"],
    ["delivered", null],
  ]);
  const attempts = await Promise.all([40, 41, 42].map((seq) => history.attempts.get(null, seq)));
  expect(attempts.map((attempt) => attempt!.responseStatus)).toEqual([503, 500, 200]);
  expect(attempts[0]).toMatchObject({ url: "https://u:***@hook.example/", durationMs: 12, nextAttemptAt: AT + HOUR });
  const lists = await Promise.all([10, 11, 12].map((seq) => history.attempts.ofMessage(seq, {}, PAGE, true)));
  expect(lists.map(({ rows }) => rows.map(({ seq }) => seq))).toEqual([[40], [41], [42]]);
  const dead = await history.deadLetters.list({ environmentSeq: 1 }, PAGE);
  expect(dead.rows).toMatchObject([{ seq: 21, lastAttempt: { seq: 41 } }]);
  expect(await queue.idempotency.get(HASHES.textKey, NOW)).toMatchObject({ kind: "text", status: 201, body: "a text" });
  expect(await queue.idempotency.get(HASHES.messageKey, NOW)).toMatchObject({ kind: "message", messageSeq: 10 });
  expect(await housekeeping.tasks.get(1, 50)).toMatchObject({ kind: "redrive", data: { count: 1 } });
}

/** Checks what only later versions have stored. */
async function expectLater({ configuration, queue, history }: Store, schema: number): Promise<void> {
  const recent = await queue.idempotency.get(HASHES.recentKey, NOW);
  expect(recent).toEqual(schema >= SINCE.recentKeys ? { kind: "message", messageSeq: 12 } : null);
  const audit = await configuration.audit.list(1, {}, PAGE);
  expect(audit.rows.map(({ action }) => action)).toEqual(schema >= SINCE.audit ? ["v1.application.create"] : []);
  const cursor = await history.pollers.cursor({ applicationSeq: 2, sink: "main", consumer: "one" });
  expect(cursor).toBe(schema >= SINCE.pollers ? 11 : null);
  const source = await configuration.sources.find(1, { uid: "shop" });
  if (schema < SINCE.sources) expect(source).toBeNull();
  else {
    expect(source).toMatchObject({ applicationSeq: 3, config: { secret: "of github" }, verification: "enforce" });
    expect(await configuration.sources.tokens(30, NOW)).toEqual([{ text: "door-token", expiresAt: null }]);
    expect((await configuration.sources.withToken(HASHES.door, NOW))!.source.seq).toBe(30);
    expect((await history.sourceLog.list(30, PAGE)).rows).toMatchObject([{ cause: "signature_mismatch" }]);
  }
  const series = await history.series.read(1, 60_000, AT, AT + HOUR);
  expect(series.map(({ accepted }) => accepted)).toEqual(schema >= SINCE.series ? [3] : []);
  const session = await configuration.sessions.withHash(HASHES.session, NOW);
  expect(session?.name).toBe(schema >= SINCE.sessions ? "ci" : undefined);
}

describe("data of an earlier version", () => {
  test.each(SCHEMAS)("data with schema %d opens, is upgraded, and has all its rows", async (schema) => {
    using home = temporaryDirectory();
    createEarlier(home.file("boathook.db"), schema);
    for (let start = 0; start < 2; start++) {
      const store = await opened(home.path);
      try {
        expect((await store.housekeeping.about()).schemaVersion).toBe(migrations.length);
        expect(await store.housekeeping.unenforcedRules()).toEqual([]);
        await expectConfiguration(store, schema);
        await expectTraffic(store);
        await expectLater(store, schema);
      } finally {
        await store.close();
      }
    }
  });

  test.each(SCHEMAS.slice(0, -1))(
    "data with schema %d has all its rows after a server was killed in the middle of the next step",
    async (schema) => {
      using home = temporaryDirectory();
      const [before, path] = [home.file("before.db"), home.file("data/boathook.db")];
      mkdirSync(home.file("data"), { mode: 0o700 });
      createEarlier(before, schema);
      {
        using db = new Database(before);
        db.run("PRAGMA journal_mode = WAL");
        // Without a cache, changed pages are in the log before the commit.
        db.run("PRAGMA cache_size = 1");
        db.run("BEGIN IMMEDIATE");
        db.run(migrations[schema]!);
        db.run(`PRAGMA user_version = ${schema + 1}`);
        for (const suffix of ["", "-wal"]) copyFileSync(`${before}${suffix}`, `${path}${suffix}`);
        db.run("ROLLBACK");
      }
      const store = await opened(home.file("data"));
      try {
        expect((await store.housekeeping.about()).schemaVersion).toBe(migrations.length);
        await expectConfiguration(store, schema);
        await expectTraffic(store);
        await expectLater(store, schema);
      } finally {
        await store.close();
      }
    },
  );

  test("an application that was arriving before the upgrade keeps its keyed messages, and loses those that nobody waits for", async () => {
    using home = temporaryDirectory();
    const path = home.file("boathook.db");
    createEarlier(path, SINCE.unwaitedArrivals - 1);
    {
      using db = new Database(path, { strict: true });
      db.run("UPDATE arrival SET arrived_at = NULL");
      for (const table of ["poller", "poller_group", "poller_lease", "attempt"]) db.run(`DELETE FROM ${table}`);
      // Deliveries wait for 10 and 11, a key belongs to 12, and nothing to 13 and 14. Only 14 has no entry yet.
      db.run("DELETE FROM delivery WHERE message_seq = 12");
      const columns = "application_seq, event_type, channels, tags, payload, accepted_at";
      for (const seq of [13, 14])
        db.run(`INSERT INTO message (seq, ${columns}) SELECT ?, ${columns} FROM message WHERE seq = 12`, [seq]);
      db.run("DELETE FROM application_message");
      for (const seq of [10, 11, 12, 13])
        db.run("INSERT INTO application_message (application_seq, seq) VALUES (2, ?)", [seq]);
      db.run("INSERT OR REPLACE INTO meta (name, value) VALUES ('application-messages-to', '13')");
      db.run("DELETE FROM arrival_message");
      db.run("INSERT INTO arrival_message (application_seq, message_seq) VALUES (2, 12)");
    }
    const store = await opened(home.path);
    try {
      expect(await store.moves!.destination.arrive(2, "h", NOW)).toMatchObject({ pending: 1, dead: 1 });
      const { rows } = await store.history.messages.list(2, {}, PAGE, false);
      expect(rows.map(({ seq }) => seq)).toEqual([10, 11, 12]);
    } finally {
      await store.close();
    }
  });

  test("after the upgrade, a message has its deliveries in every state, near its number and far from it", async () => {
    using home = temporaryDirectory();
    const path = home.file("boathook.db");
    createEarlier(path, SINCE.nearDeliveries - 1);
    const distances = [1, 2, 15, 16, 17, 18, 5000, 6000];
    {
      using db = new Database(path, { strict: true });
      db.run("DELETE FROM delivery");
      const insert = db.query(
        `INSERT INTO delivery (seq, message_seq, endpoint_seq, state, position, due_at, attempts, attempts_total, round, trigger, reason, ended_at)
         VALUES (?1, ?4, ?2, ?3, ?1, ${AT}, 0, 0, 0, 0, iif(?3 = 2, 'timeout', NULL), iif(?3 = 0, NULL, ${AT}))`,
      );
      distances.forEach((distance, i) => {
        insert.run(10 + distance, 100 + i, i % 4, 10);
      });
      // Another message has numbers among them.
      insert.run(14, 100, 0, 11);
    }
    const store = await opened(home.path);
    try {
      const found = await store.history.messages.deliveries(10);
      const states = ["pending", "delivered", "dead", "cancelled"] as const;
      expect(found.map(({ seq, endpointSeq, state }) => ({ distance: seq - 10, endpointSeq, state }))).toEqual(
        distances.map((distance, i) => ({ distance, endpointSeq: 100 + i, state: states[i % 4]! })),
      );
      expect((await store.history.messages.deliveries(11)).map(({ seq }) => seq)).toEqual([14]);
      using db = new Database(path, { readonly: true });
      const entries =
        "SELECT seq FROM delivery INDEXED BY delivery_message WHERE seq NOT BETWEEN message_seq + 1 AND message_seq + 16";
      expect(
        db
          .query<{ seq: number }, []>(entries)
          .all()
          .map(({ seq }) => seq - 10),
      ).toEqual([17, 18, 5000, 6000]);
    } finally {
      await store.close();
    }
  });

  test("attempts of before the upgrade are found and deleted together with later ones of the same deliveries", async () => {
    using home = temporaryDirectory();
    const path = home.file("boathook.db");
    createEarlier(path, SINCE.foundByDelivery - 1);
    using db = new Database(path, { strict: true });
    db.run("UPDATE endpoint SET failing_since = NULL");
    const store = await opened(home.path);
    try {
      const settle = async (deliverySeq: number, messageSeq: number, seq: number, round: number) => {
        const attempt = {
          ...{ seq, deliverySeq, messageSeq, endpointSeq: 5, url: "https://hook.example/", reason: null },
          ...{ responseStatus: 200, response: null, note: null, durationMs: 1, trigger: "schedule" as const },
          ...{ startedAt: NOW, nextAttemptAt: null, batchSeq: null },
        };
        const rest = { settledAt: NOW, disableEndpoint: false, disableAfterMs: 0 };
        const [settled] = await store.queue.settle([{ round, next: { state: "delivered" }, attempt, ...rest }]);
        expect(settled!.change).toBe("moved");
      };
      // One delivery is pending since before the upgrade. One was delivered, and is sent again.
      await settle(20, 10, 60, 0);
      await store.queue.resend(12, 5, { seq: 61, position: 62, now: NOW });
      await settle(22, 12, 63, 1);
      const named = db.query<{ seq: number }, []>("SELECT success_seq AS seq FROM delivery d ORDER BY d.seq").all();
      expect(named.map(({ seq }) => seq)).toEqual([60, null, 63] as never);
      const lists = await Promise.all([10, 11, 12].map((seq) => store.history.attempts.ofMessage(seq, {}, PAGE, true)));
      expect(lists.map(({ rows }) => rows.map(({ seq }) => seq))).toEqual([[40, 60], [41], [42, 63]]);
      await store.housekeeping.prune(NOW, NOW, 100);
      expect(db.query("SELECT * FROM attempt").all()).toEqual([]);
    } finally {
      await store.close();
    }
  });

  test("the rows of these tests include each table of each schema", () => {
    for (const schema of SCHEMAS) {
      using home = temporaryDirectory();
      createEarlier(home.file("boathook.db"), schema);
      using db = new Database(home.file("boathook.db"));
      const tables = db.query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
      const empty = tables.filter(({ name }) => db.query(`SELECT 1 FROM "${name}"`).get() === null);
      expect({ schema, empty: empty.map(({ name }) => name) }).toEqual({ schema, empty: [] });
    }
  });
});
