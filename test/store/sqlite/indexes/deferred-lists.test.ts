import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import type { AttemptFilter, PageRequest, Store } from "../../../../src/store/index.ts";
import { openStore } from "../../../../src/store/sqlite/index.ts";
import { temporaryDirectory } from "../../../support/temporary.ts";
import { EVERYTHING, Furnished } from "../../furnished.ts";
import { openedOnce } from "../../store-under-test.ts";
import { optionsFor } from "../open.ts";

const FILTERS: readonly AttemptFilter[] = [
  ...[{}, { outcome: "failed" }, { outcome: "delivered" }, { responseClass: "5xx" }, { eventTypes: ["rare"] }],
] as const;

/** Reads an endpoint's attempts with each filter, page by page in both orders, and counts them. */
async function everything({ history, housekeeping }: Store, endpointSeq: number, before: number) {
  const lists: number[][] = [];
  for (const own of FILTERS) {
    for (const filter of [own, { ...own, before }, { ...own, after: before }]) {
      for (const order of ["ascending", "descending"] as const) {
        const seqs: number[] = [];
        for (let from: number | null = null; ; ) {
          const page: PageRequest = { limit: 7, from, backwards: false, order };
          const { rows, more, resume } = await history.attempts.ofEndpoint(endpointSeq, filter, page, false);
          seqs.push(...rows.map(({ seq }) => seq));
          if (!more) break;
          from = resume ?? seqs.at(-1)!;
        }
        lists.push(seqs);
      }
    }
  }
  const counts = [];
  for (let from: number | null = 0; from !== null; from = counts.at(-1)!.next) {
    counts.push(await history.attempts.count(endpointSeq, { from, to: EVERYTHING, limit: 10 }));
  }
  return { lists, counts, health: await housekeeping.notices.healthOf([endpointSeq]) };
}

test("lists and counts of attempts are the same wherever the entries end that are stored", async () => {
  using directory = temporaryDirectory();
  const open = () => openStore(optionsFor(directory.path));
  let [endpointSeq, middle] = [0, 0];
  {
    await using world = await Furnished.open(async () => openedOnce(await open()));
    const other = await world.addEndpoint();
    endpointSeq = world.endpoint.seq;
    for (let i = 0; i < 40; i++) {
      const eventType = i % 9 === 0 ? "rare" : "a";
      await world.send({ eventType }, [endpointSeq, other.seq]);
      for (const endpoint of [endpointSeq, other.seq]) {
        if (i % 4 === 0) await world.kill("status_5xx", endpoint);
        else for (const delivery of await world.waiting(endpoint)) await world.settle(delivery, { state: "delivered" });
      }
      if (i === 20) middle = world.now;
      world.now += 50;
    }
  }
  const read = async () => {
    const store = await open();
    try {
      return await everything(store, endpointSeq, middle);
    } finally {
      await store.close();
    }
  };
  const expected = await read();
  expect(expected.lists[0]).toHaveLength(40);
  expect(expected.lists.every((seqs) => seqs.length > 0)).toBe(true);
  expect(expected.counts.length).toBeGreaterThan(3);
  using db = new Database(directory.file("boathook.db"), { strict: true });
  for (const place of [0, 1, 10, 22, 39]) {
    const storedTo = expected.lists[0]![place]!;
    db.run("DELETE FROM endpoint_attempt");
    db.run("INSERT INTO endpoint_attempt SELECT endpoint_seq, seq FROM attempt WHERE seq <= ?", [storedTo]);
    db.run("INSERT OR REPLACE INTO meta (name, value) VALUES ('endpoint-attempts-to', ?)", [String(storedTo)]);
    expect({ place, ...(await read()) }).toEqual({ place, ...expected });
  }
});
