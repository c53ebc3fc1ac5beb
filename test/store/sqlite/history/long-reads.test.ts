import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import type { Task } from "../../../../src/store/index.ts";
import { openMemoryStore } from "../../../../src/store/sqlite/index.ts";
import { Furnished } from "../../furnished.ts";
import { openedOnce } from "../../store-under-test.ts";

/**
 * Reads of very many rows are divided into steps, and the event loop gets a turn between two steps.
 * The clock of these tests counts the turns.
 */

const ROWS = 10_000;
/** The minimum number of turns for `ROWS` rows if no step reads more than 2,500 of them. */
const TURNS_MIN = 4;
const EVERYTHING = Number.MAX_SAFE_INTEGER;

class TurnCounter {
  turns = 0;
  /** The maximum number of tasks that were due in the same turn. */
  tasksPerTurnMax = 0;
  #tasks = 0;
  readonly now = Date.now;
  readonly steady = () => 0;
  readonly after = () => () => {};
  readonly soon = (task: () => void) => {
    this.turns++;
    this.tasksPerTurnMax = Math.max(this.tasksPerTurnMax, ++this.#tasks);
    setImmediate(() => {
      this.#tasks--;
      task();
    });
  };
}

/**
 * Opens a world with dead letters. Three of them are rare: the oldest, the newest and one in the
 * middle.
 */
async function worldWithDead() {
  const db = new Database(":memory:", { strict: true });
  const clock = new TurnCounter();
  const { store } = openMemoryStore(db, clock, () => {});
  const world = await Furnished.open(async () => openedOnce(store));
  const first = world.seqs.take(2 * ROWS);
  const message = db.prepare(
    "INSERT INTO message (seq, application_seq, event_type, payload, accepted_at) VALUES (?, ?, ?, x'7b7d', 1)",
  );
  const delivery = db.prepare(
    `INSERT INTO delivery (seq, message_seq, endpoint_seq, state, position, due_at, attempts, attempts_total, round, trigger,
       reason, ended_at) VALUES (?, ?, ?, 2, ?, 1, 1, 1, 0, 0, 'status_5xx', 1)`,
  );
  db.transaction(() => {
    for (let i = 0; i < ROWS; i++) {
      const seq = first + 2 * i;
      const isRare = [0, ROWS / 2, ROWS - 1].includes(i);
      message.run(seq, world.application.seq, isRare ? "rare" : "common");
      delivery.run(seq + 1, seq, world.endpoint.seq, seq + 1);
    }
  })();
  clock.turns = 0;
  const rare = { environmentSeq: world.environment.seq, eventTypes: ["rare"] };
  const rareSeqs = [first + 1, first + ROWS + 1, first + 2 * (ROWS - 1) + 1];
  return { world, clock, rare, rareSeqs };
}

describe("long reads of dead letters", () => {
  test("counting dead letters by group takes several steps, and the counts add up", async () => {
    const { world, clock } = await worldWithDead();
    await using _ = world;
    const groups = await world.store.history.deadLetters.groups({ environmentSeq: world.environment.seq });
    const counts = groups.map(({ eventType, count }) => [eventType, count]);
    expect(counts).toEqual([
      ["common", ROWS - 3],
      ["rare", 3],
    ]);
    expect(clock.turns).toBeGreaterThanOrEqual(TURNS_MIN);
  });

  test("counting redrivable dead letters by group takes several steps", async () => {
    const { world, clock, rare } = await worldWithDead();
    await using _ = world;
    expect(await world.store.history.deadLetters.redrivable(rare)).toMatchObject([{ count: 3 }]);
    expect(clock.turns).toBeGreaterThanOrEqual(TURNS_MIN);
  });

  test.each(["ascending", "descending"] as const)(
    "listing rare dead letters takes several steps (%s)",
    async (order) => {
      const { world, clock, rare, rareSeqs } = await worldWithDead();
      await using _ = world;
      const page = { limit: 10, from: null, backwards: false, order };
      const { rows, more } = await world.store.history.deadLetters.list(rare, page);
      expect({ found: rows.map(({ seq }) => seq).sort((a, b) => a - b), more }).toEqual({
        found: rareSeqs,
        more: false,
      });
      expect(clock.turns).toBeGreaterThanOrEqual(TURNS_MIN);
    },
  );

  test("listing one page of dead letters reads no rows beyond it", async () => {
    const { world, clock } = await worldWithDead();
    await using _ = world;
    const page = { limit: 10, from: null, backwards: false, order: "descending" as const };
    const { rows } = await world.store.history.deadLetters.list({ environmentSeq: world.environment.seq }, page);
    expect([rows.length, clock.turns]).toEqual([10, 0]);
  });

  test("one call of `drop` drops all rare dead letters in several steps", async () => {
    const { world, clock, rare } = await worldWithDead();
    await using _ = world;
    expect(await world.store.queue.drop(rare, 100)).toBe(3);
    expect(clock.turns).toBeGreaterThanOrEqual(TURNS_MIN);
    expect(await world.store.history.deadLetters.groups(rare)).toEqual([]);
  });

  test("a call of `drop` drops no more dead letters than its limit", async () => {
    const { world } = await worldWithDead();
    await using _ = world;
    const all = { environmentSeq: world.environment.seq };
    // The limit is reached within a step, not at its end.
    expect(await world.store.queue.drop(all, 5001)).toBe(5001);
    expect(await world.store.queue.drop(all, ROWS)).toBe(ROWS - 5001);
  });

  test("each step of a redrive reads some of the dead letters and returns where the next step begins", async () => {
    const { world, rare, rareSeqs } = await worldWithDead();
    await using _ = world;
    const task: Task = {
      ...{ seq: world.seqs.next(), environmentSeq: world.environment.seq, kind: "dead-letter.redrive" },
      ...{ status: "running", data: {}, updatedAt: 1 },
    };
    await world.store.housekeeping.tasks.create(task);
    const redriven: number[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const at = { first: world.seqs.take(100), now: 1 };
      const step = await world.store.queue.redrive(rare, { after, limit: 100 }, at, () => task);
      redriven.push(step.redriven);
      expect(step.last ?? EVERYTHING).toBeGreaterThan(after);
      after = step.last;
    }
    expect(redriven.length).toBeGreaterThanOrEqual(TURNS_MIN);
    expect(redriven.reduce((sum, count) => sum + count)).toBe(rareSeqs.length);
  });

  test("concurrent long reads together run only one step per turn of the event loop", async () => {
    const { world, clock } = await worldWithDead();
    await using _ = world;
    const filter = { environmentSeq: world.environment.seq };
    await Promise.all(Array.from({ length: 5 }, () => world.store.history.deadLetters.redrivable(filter)));
    expect(clock.turns).toBeGreaterThanOrEqual(5 * TURNS_MIN);
    expect(clock.tasksPerTurnMax).toBe(1);
  });
});

describe("filtered lists", () => {
  test.each([
    { choices: "one event type", eventTypes: ["never"] },
    { choices: "many event types", eventTypes: Array.from({ length: 100 }, (_, i) => `never-${i}`) },
  ])("a search for $choices that finds nothing gives the event loop turns", async ({ eventTypes }) => {
    const db = new Database(":memory:", { strict: true });
    const clock = new TurnCounter();
    const { store } = openMemoryStore(db, clock, () => {});
    await using world = await Furnished.open(async () => openedOnce(store));
    const stretch = db.prepare("INSERT INTO stretch (list_seq, start, traits) VALUES (?, ?, '|common||c:eu|')");
    const lists = [world.application.seq, world.endpoint.seq];
    db.transaction(() => {
      for (let i = 0; i < 2 * ROWS; i++) for (const list of lists) stretch.run(list, 1000 + i);
    })();
    const page = { limit: 50, from: null, backwards: false, order: "descending" } as const;
    const { messages, attempts } = store.history;
    const reads = [
      () => messages.list(world.application.seq, { eventTypes }, page, false),
      () => messages.ofEndpoint(world.application.seq, world.endpoint.seq, { eventTypes }, page),
      () => attempts.ofEndpoint(world.endpoint.seq, { eventTypes }, page, false),
    ];
    for (const read of reads) {
      clock.turns = 0;
      expect((await read()).rows).toEqual([]);
      expect(clock.turns).toBeGreaterThanOrEqual(3);
    }
  });
});

describe("lists of messages with large payloads", () => {
  test("lists of large messages give the event loop turns, and contain every message in order", async () => {
    const db = new Database(":memory:", { strict: true });
    const clock = new TurnCounter();
    const { store } = openMemoryStore(db, clock, () => {});
    const world = await Furnished.open(async () => openedOnce(store));
    const seqs = Array.from({ length: 20 }, () => world.seqs.take(1));
    const message = db.prepare(
      "INSERT INTO message (seq, application_seq, event_type, payload, accepted_at) VALUES (?, ?, 'a', zeroblob(1000000), 1)",
    );
    const delivery = db.prepare(
      `INSERT INTO delivery (seq, message_seq, endpoint_seq, state, position, due_at, attempts, attempts_total, round, trigger,
         reason, ended_at) VALUES (?1, ?1, ?2, 2, ?1, 1, 1, 1, 0, 0, 'status_5xx', 1)`,
    );
    for (const seq of seqs) {
      message.run(seq, world.application.seq);
      delivery.run(seq, world.endpoint.seq);
    }
    db.run("INSERT INTO application_message SELECT application_seq, seq FROM message");
    const page = { limit: 50, from: null, backwards: false, order: "ascending" } as const;
    const { messages } = store.history;
    const lists = [
      () => messages.list(world.application.seq, {}, page, false),
      () => messages.ofEndpoint(world.application.seq, world.endpoint.seq, { status: "failed" }, page),
    ];
    for (const list of lists) {
      clock.turns = 0;
      expect((await list()).rows.map(({ seq }) => seq)).toEqual(seqs);
      expect(clock.turns).toBeGreaterThanOrEqual(9);
    }
  });
});
