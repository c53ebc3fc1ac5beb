import { expect, test } from "bun:test";
import { IdCodec, type Seq } from "../../../../src/core/id.ts";
import { systemClock } from "../../../../src/edge/clock.ts";
import type { KeysCursor } from "../../../../src/store/index.ts";
import { createView } from "../../../../src/store/sqlite/indexes/application-messages.ts";
import { keysReader } from "../../../../src/store/sqlite/moves/keys.ts";
import { PageReader } from "../../../../src/store/sqlite/moves/page-reader.ts";
import { Turns } from "../../../../src/store/turns.ts";
import { KeysWorld, NOW } from "../keys/keys-world.ts";

const APPLICATION = 1;
const KEYS_MAX = 100;

/** The keys of an application, and the passes that read them for a move. */
class World extends KeysWorld {
  readonly #read: ReturnType<typeof keysReader>;

  constructor() {
    super(KEYS_MAX);
    const { db, keys } = this;
    createView(db, true);
    const ids = new IdCodec([1, 2, 3, 4]);
    const box = {
      seal: () => {
        throw new Error("There is no secret.");
      },
      open: () => {
        throw new Error("There is no secret.");
      },
    } as unknown as ConstructorParameters<typeof PageReader>[0]["box"];
    const numbers = { next: () => 0, take: () => 0, reach: () => {}, stride: 1, last: 0 };
    this.#read = keysReader(
      { db, keys, turns: new Turns(systemClock), numbers, erasures: new Map() },
      new PageReader({ db, box, ids }),
    );
  }

  override addNow(number: number, expiresAt?: number): boolean {
    const isNew = super.addNow(number, expiresAt);
    if (isNew)
      this.db.run("INSERT INTO application_message (application_seq, seq) VALUES (?, ?)", [APPLICATION, number]);
    return isNew;
  }

  /** Reads a page. */
  page(after: KeysCursor | string | null) {
    return this.#read(APPLICATION, after, NOW);
  }

  /**
   * Reads a pass after an earlier one. `between` runs after each page. Returns the messages whose keys
   * were found, and the name of the pass.
   */
  async pass(earlier: string | null, between = async () => {}): Promise<{ found: Set<Seq>; name: string }> {
    const found = new Set<Seq>();
    let read = await this.page(earlier);
    const name = read.page.pass.to;
    while (read.next !== null) {
      await between();
      read = await this.page(read.next);
      for (const { messageSeq } of read.page.keys) found.add(messageSeq);
    }
    return { found, name };
  }
}

test("a pass after the first finds the keys that have left memory since and those that are still there", async () => {
  const world = new World();
  await world.addAll(0, 60);
  const first = await world.pass(null);
  expect(first.found.size).toBe(60);
  await world.addAll(60, 120);
  await world.moved(20);
  await world.addAll(120, 140);
  const { found } = await world.pass(first.name);
  expect([...Array(140).keys()].filter((seq) => seq >= 60 && !found.has(seq))).toEqual([]);
});

test("a pass finds the keys that leave memory while it reads", async () => {
  const world = new World();
  await world.addAll(0, 60);
  const first = await world.pass(null);
  await world.addAll(60, 95);
  let isMoved = false;
  const { found } = await world.pass(first.name, async () => {
    if (isMoved) return;
    isMoved = true;
    await world.addAll(200, 210);
    await world.moved(0);
  });
  expect([...Array(95).keys()].filter((seq) => seq >= 60 && !found.has(seq))).toEqual([]);
});

test("a place that names no pass of this process begins one, and a place after the last key finds no more", async () => {
  const world = new World();
  await world.addAll(0, 10);
  const { name } = await world.pass(null);
  const [process] = name.split(" ");
  const place = { stage: "recent", place: 0 } as const;
  for (const pass of [
    { from: null, to: "x" },
    { from: "x", to: name },
  ]) {
    const { page } = await world.page({ ...place, pass });
    expect(page).toMatchObject({ isFirst: true, keys: [] });
  }
  const { page, next } = await world.page({ ...place, pass: { from: null, to: `${process} 1 1000000 0 0` } });
  expect(page.keys).toHaveLength(10);
  expect(next).toBeNull();
});
