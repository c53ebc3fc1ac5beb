import { afterAll, describe, expect, test } from "bun:test";
import type { PageOf, PageRequest } from "../../../../src/store/index.ts";
import { hasPostgres } from "../../../support/postgres.ts";
import { Furnished } from "../../furnished.ts";
import { NEWEST_FIRST } from "../../pages.ts";
import { closeSharedServer, openDatabase } from "../open.ts";

afterAll(closeSharedServer);

/** More rows than one request compares. */
const ROWS = 33_000;

/** Reads a list until a page has rows, and returns them with the number of pages. */
async function firstRows<Row>(list: (page: PageRequest) => Promise<PageOf<Row>>) {
  let page: PageRequest = { ...NEWEST_FIRST, limit: 10 };
  for (let pages = 1; ; pages++) {
    const { rows, more, resume } = await list(page);
    if (rows.length > 0 || !more || resume === undefined) return { rows, pages };
    page = { ...page, from: resume };
  }
}

describe.skipIf(!hasPostgres)("long lists with a filter on PostgreSQL", () => {
  test("a request compares a limited number of rows, and the next one continues there", async () => {
    await using world = await Furnished.open(openDatabase);
    const rare = await world.send({ tags: ["rare"] });
    const [first] = await world.waiting();
    await world.settle(first!, { state: "dead", reason: "timeout" });
    const { queue, history } = world.store;
    await queue.accept(Array.from({ length: ROWS }, () => world.newMessage({ payload: new Uint8Array() }, [])));
    for (let i = 0; i < ROWS; i += 1000) {
      const others = Array.from({ length: 1000 }, () =>
        world.settlement({ ...first!, seq: world.seqs.next(), messageSeq: rare.seq }, { state: "delivered" }),
      );
      await queue.settle(others);
    }
    const messages = await firstRows((page) =>
      history.messages.list(world.application.seq, { tag: "rare" }, page, false),
    );
    expect(messages.rows.map(({ seq }) => seq)).toEqual([rare.seq]);
    expect(messages.pages).toBe(2);
    const attempts = await firstRows((page) =>
      history.attempts.ofEndpoint(world.endpoint.seq, { outcome: "failed" }, page, false),
    );
    expect(attempts.rows.map(({ reason }) => reason)).toEqual(["timeout"]);
    expect(attempts.pages).toBe(2);
    const delivered = await firstRows((page) =>
      history.messages.ofEndpoint(world.application.seq, world.endpoint.seq, {}, page),
    );
    expect(delivered.rows.map(({ seq }) => seq)).toEqual([rare.seq]);
    expect(delivered.pages).toBe(2);
    // Few deliveries have this status, so they are found through an index.
    const failed = await firstRows((page) =>
      history.messages.ofEndpoint(world.application.seq, world.endpoint.seq, { status: "failed" }, page),
    );
    expect(failed.rows.map(({ seq }) => seq)).toEqual([rare.seq]);
    expect(failed.pages).toBe(1);
  }, 120_000);
});
