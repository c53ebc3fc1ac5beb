import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type History, seen, writeHistory } from "../../../../scripts/bench/history.ts";
import type {
  AttemptFilter,
  EndpointMessageFilter,
  MessageFilter,
  PageOf,
  PageRequest,
  Store,
} from "../../../../src/store/index.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { migrations } from "../../../../src/store/sqlite/schema/migrations.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { optionsFor } from "../open.ts";

/**
 * These tests page through the lists of a store with 50,000 attempts. The cost of a page is the
 * number of rows that its queries may read, which is the same on every machine. `bun
 * scripts/bench/lists.ts` measures the time with a million attempts.
 */

const ATTEMPTS = 50_000;
const LIMIT = 50;
/**
 * Maximum number of rows read for a page whose filter has one property: one stretch per listed row,
 * one more stretch, and the open stretch.
 */
const ROWS_OF_A_PAGE = (LIMIT + 2) * 70;
/** Maximum number of rows read for a page that was cut short. */
const ROWS_OF_ANY_PAGE = 101 * 70;

const directory = temporaryDirectory();
const file = directory.file("boathook.db");
let store: Store;
let history: History;
let reader: Database;

beforeAll(async () => {
  store = await openStore(optionsFor(directory.path));
  history = await writeHistory(store, ATTEMPTS);
  reader = new Database(file, { readonly: true });
}, 60_000);
afterAll(async () => {
  reader.close();
  await store.close();
  directory[Symbol.dispose]();
});

type Listed = PageOf<{ readonly seq: number }>;
type List = (page: PageRequest) => Promise<Listed>;

interface Case {
  readonly name: string;
  /** Query that returns the expected list, newest first. */
  readonly sql: string;
  readonly list: List;
  /** Both properties of the filter are common, so pages may be cut short. */
  readonly mayBeCut?: true;
}

const within = (channel: string, column: string) =>
  `EXISTS (SELECT 1 FROM json_each(${column}) WHERE value = '${channel}')`;

function attemptCases(): Case[] {
  const of = (endpoint: keyof History, name: string, filter: AttemptFilter, where: string, cut = false): Case => ({
    name: `attempts of the ${endpoint} endpoint, ${name}`,
    sql: `SELECT t.seq FROM attempt t JOIN message m ON m.seq = t.message_seq
      WHERE t.endpoint_seq = ${history[endpoint]} AND ${where} ORDER BY t.seq DESC`,
    list: (page) => store.history.attempts.ofEndpoint(history[endpoint], filter, page, false),
    ...(cut && { mayBeCut: true }),
  });
  const types = (...names: string[]) => `m.event_type IN (${names.map((name) => `'${name}'`).join(", ")})`;
  const { commonType, rareType, oldestType, unknownType } = seen;
  const unknown = Array.from({ length: 100 }, (_, i) => `never-${i}`);
  return [
    of("busy", "that succeeded", { outcome: "delivered" }, "t.reason IS NULL"),
    of("down", "that succeeded", { outcome: "delivered" }, "t.reason IS NULL"),
    of("busy", "that failed", { outcome: "failed" }, "t.reason IS NOT NULL"),
    of("busy", "with a 4xx response", { responseClass: "4xx" }, "t.response_status BETWEEN 400 AND 499"),
    of("busy", "without a response", { responseClass: "none" }, "t.response_status = 0"),
    of("busy", "of a common type", { eventTypes: [commonType] }, types(commonType)),
    of("busy", "of a rare type", { eventTypes: [rareType] }, types(rareType)),
    of("busy", "of the oldest type", { eventTypes: [oldestType] }, types(oldestType)),
    of("busy", "of an unknown type", { eventTypes: [unknownType] }, "0"),
    of("busy", "of many types", { eventTypes: [...unknown, rareType, oldestType] }, types(rareType, oldestType)),
    of("busy", "in a common channel", { channel: seen.commonChannel }, within(seen.commonChannel, "m.channels")),
    of("busy", "in a rare channel", { channel: seen.rareChannel }, within(seen.rareChannel, "m.channels")),
    of("busy", "with a rare tag", { tag: seen.rareTag }, within(seen.rareTag, "m.tags")),
    of(
      "busy",
      "that failed, of a type",
      { outcome: "failed", eventTypes: [commonType] },
      `t.reason NOT NULL AND ${types(commonType)}`,
    ),
    of("busy", "in a channel and with a tag", { channel: seen.commonChannel, tag: seen.commonTag }, "0", true),
    of(
      "busy",
      "that failed, in a channel",
      { outcome: "failed", channel: seen.commonChannel },
      `t.reason NOT NULL AND ${within(seen.commonChannel, "m.channels")}`,
    ),
  ];
}

function messageCases(): Case[] {
  const of = (name: string, filter: MessageFilter, where: string): Case => ({
    name: `messages, ${name}`,
    sql: `SELECT m.seq FROM message m WHERE ${where} ORDER BY m.seq DESC`,
    list: (page) => store.history.messages.list(history.applicationSeq, filter, page, false),
  });
  return [
    of("of a common type", { eventTypes: [seen.commonType] }, `m.event_type = '${seen.commonType}'`),
    of("of a rare type", { eventTypes: [seen.rareType] }, `m.event_type = '${seen.rareType}'`),
    of("of an unknown type", { eventTypes: [seen.unknownType] }, "0"),
    of("in a rare channel", { channel: seen.rareChannel }, within(seen.rareChannel, "m.channels")),
    of("with a common tag", { tag: seen.commonTag }, within(seen.commonTag, "m.tags")),
  ];
}

function endpointMessageCases(): Case[] {
  const of = (
    endpoint: keyof History,
    name: string,
    filter: EndpointMessageFilter,
    where: string,
    cut = false,
  ): Case => ({
    name: `messages of the ${endpoint} endpoint, ${name}`,
    sql: `SELECT m.seq FROM message m JOIN delivery d ON d.message_seq = m.seq
      WHERE d.endpoint_seq = ${history[endpoint]} AND ${where} ORDER BY m.seq DESC`,
    list: (page) => store.history.messages.ofEndpoint(history.applicationSeq, history[endpoint], filter, page),
    ...(cut && { mayBeCut: true }),
  });
  return [
    of("busy", "all", {}, "1"),
    of("quiet", "all", {}, "1"),
    of("busy", "that failed", { status: "failed" }, "d.state = 2"),
    of("busy", "that are pending", { status: "waiting" }, "0"),
    of("busy", "that are retried", { status: "retrying" }, "0"),
    of("down", "that succeeded", { status: "delivered" }, "d.state = 1", true),
    of("down", "of a type", { eventTypes: ["order.changed-3"] }, "m.event_type = 'order.changed-3'"),
  ];
}

/** Counts the rows that a list's queries may read: all rows in the queried ranges. */
function watchRanges(): { rows(): number; stop(): void } {
  const prototype = Object.getPrototypeOf(reader.query("SELECT 1")) as { all: (...args: unknown[]) => unknown };
  const { all } = prototype;
  const ranges: Record<string, number>[] = [];
  prototype.all = function (...args) {
    const [bindings] = args as [Record<string, number> | undefined];
    if (typeof bindings === "object" && bindings !== null && "from" in bindings) ranges.push(bindings);
    return all.apply(this, args);
  };
  const rowsIn = ({ scope, applicationSeq, from, to }: Record<string, number>): number => {
    const table = scope === undefined ? "message WHERE application_seq" : "attempt WHERE endpoint_seq";
    return reader
      .query<{ n: number }, [number, number, number]>(`SELECT COUNT(*) AS n FROM ${table} = ? AND seq >= ? AND seq < ?`)
      .get(scope ?? applicationSeq ?? 0, from!, to!)!.n;
  };
  return {
    rows: () => ranges.splice(0).reduce((sum, range) => sum + rowsIn(range), 0),
    stop: () => void Object.assign(prototype, { all }),
  };
}

/** Reads a list to its end and returns the cost of each page. */
async function walk(list: List): Promise<{ seqs: number[]; rowsOfPages: number[]; cut: number }> {
  const watch = watchRanges();
  const seqs: number[] = [];
  const rowsOfPages: number[] = [];
  let cut = 0;
  try {
    for (let from: number | null = null; ; ) {
      const page = await list({ limit: LIMIT, from, backwards: false, order: "descending" });
      rowsOfPages.push(watch.rows());
      seqs.push(...page.rows.map(({ seq }) => seq));
      if (page.resume !== undefined) cut++;
      if (!page.more) return { seqs, rowsOfPages, cut };
      from = page.resume ?? page.rows.at(-1)!.seq;
    }
  } finally {
    watch.stop();
  }
}

const wanted = (sql: string) =>
  reader
    .query<{ seq: number }, []>(sql)
    .all()
    .map(({ seq }) => seq);

describe("long lists", () => {
  test("reading a page of a long list returns the rows that match the filter and reads few others", async () => {
    for (const { name, sql, list, mayBeCut } of [...attemptCases(), ...messageCases(), ...endpointMessageCases()]) {
      const { seqs, rowsOfPages, cut } = await walk(list);
      expect({ name, seqs }).toEqual({ name, seqs: wanted(sql) });
      const most = Math.max(...rowsOfPages);
      expect({ name, isExpensive: most > (mayBeCut ? ROWS_OF_ANY_PAGE : ROWS_OF_A_PAGE) }).toEqual({
        name,
        isExpensive: false,
      });
      if (!mayBeCut) expect({ name, cut }).toEqual({ name, cut: 0 });
    }
  }, 30_000);

  test("searching a long list for a value that does not occur reads almost no rows", async () => {
    const watch = watchRanges();
    const page = { limit: LIMIT, from: null, backwards: false, order: "descending" } as const;
    await store.history.attempts.ofEndpoint(history.busy, { eventTypes: [seen.unknownType] }, page, false);
    const rows = watch.rows();
    watch.stop();
    expect(rows).toBeLessThanOrEqual(70);
  });

  test("a long list has the same pages after a migration from an older version", async () => {
    using old = temporaryDirectory();
    reader.run(`VACUUM INTO '${old.file("boathook.db")}'`);
    await Bun.write(old.file("encryption.key"), Bun.file(directory.file("encryption.key")));
    rebuildIndex(old.file("boathook.db"));
    const upgraded = await openStore(optionsFor(old.path));
    const before = store;
    store = upgraded;
    try {
      for (const { name, sql, list } of [...attemptCases(), ...messageCases(), ...endpointMessageCases()]) {
        const { seqs } = await walk(list);
        expect({ name, seqs }).toEqual({ name, seqs: wanted(sql) });
      }
    } finally {
      store = before;
      await upgraded.close();
    }
  }, 30_000);
});

/**
 * Drops the tables and indexes that the migration for stretches created, and runs that migration
 * again.
 */
function rebuildIndex(path: string): void {
  const step = migrations.find((sql) => sql.includes("CREATE TABLE stretch"))!;
  using db = new Database(path);
  for (const [, kind, name] of step.matchAll(/CREATE (TABLE|INDEX) (\w+)/g)) db.run(`DROP ${kind} ${name}`);
  db.run("CREATE INDEX delivery_message ON delivery (message_seq)");
  db.run(step);
}
