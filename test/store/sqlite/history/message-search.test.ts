import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { openMemoryStore } from "../../../../src/store/sqlite/index.ts";
import { bytes, Furnished } from "../../furnished.ts";
import { openedOnce } from "../../store-under-test.ts";

/** The time of one search is bounded by the number and the size of the messages that it reads. */

const SMALL = { count: 40_000, payload: `"${"x".repeat(20)}"` };
const LARGE = { count: 150, payload: `"${"x".repeat(1_000_000)}"` };

async function worldWith({ count, payload }: typeof SMALL) {
  const db = new Database(":memory:", { strict: true });
  const clock = { now: Date.now, steady: () => 0, after: () => () => {}, soon: setImmediate };
  const { store } = openMemoryStore(db, clock, () => {});
  const world = await Furnished.open(async () => openedOnce(store));
  const first = world.seqs.take(count);
  const insert = db.prepare(
    "INSERT INTO message (seq, application_seq, event_type, payload, accepted_at) VALUES (?, ?, 'a', ?, 1)",
  );
  const rare = [first, first + count / 2, first + count - 1];
  db.transaction(() => {
    for (let seq = first; seq < first + count; seq++) {
      insert.run(seq, world.application.seq, bytes(rare.includes(seq) ? '"rare"' : payload));
    }
  })();
  const all = Array.from({ length: count }, (_, i) => first + i);
  /** Follows a search to its end, and returns what it finds and the number of requests. */
  const search = async (text: string, limit: number, order: "ascending" | "descending") => {
    const found: number[] = [];
    let requests = 0;
    for (let from: number | null | undefined = null; from !== undefined; requests++) {
      const page = { limit, from, backwards: false, order };
      const result = await world.store.survey.messages(world.environment.seq, { text: bytes(text) }, page);
      expect(result.more).toBe(result.resume !== undefined);
      found.push(...result.rows.map(({ seq }) => seq));
      from = result.resume;
    }
    return { found: order === "ascending" ? found : found.reverse(), requests };
  };
  return { world, rare, all, search };
}

for (const [size, of] of [
  ["many small", SMALL],
  ["few large", LARGE],
] as const) {
  test.each(["ascending", "descending"] as const)(
    `a search through ${size} payloads ends early and continues with the next request (%s)`,
    async (order) => {
      const { world, rare, all, search } = await worldWith(of);
      await using _ = world;
      expect(await search("rare", 10, order)).toEqual({ found: rare, requests: 2 });
      // Finds every message, also those beside the place where a request ends.
      const every = await search('"', all.length, order);
      expect(every.found).toEqual(all);
      expect(every.requests).toBeGreaterThan(1);
    },
  );
}
