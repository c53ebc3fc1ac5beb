import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { DeadLetterBlocks, type Rows } from "../../../../src/store/sqlite/history/dead-letter-blocks.ts";
import { Turns } from "../../../../src/store/turns.ts";

const MESSAGES = 60;
const ENDPOINTS = 4;
const REASONS = ["timeout", "status_5xx", "disabled"];
const SIZES = { blockRows: 8, keptRowsMax: 1000, unusedGroupsMax: 1000 };

/** Deliveries of messages to endpoints. Each change happens at its own time. */
class World {
  readonly db = new Database(":memory:", { strict: true });
  #now = 1_800_000_000_000;

  constructor() {
    this.db.run(`CREATE TABLE message (seq INTEGER PRIMARY KEY, event_type TEXT);
      CREATE TABLE delivery (message_seq INTEGER, endpoint_seq INTEGER, state INTEGER, reason TEXT, ended_at INTEGER);
      CREATE UNIQUE INDEX delivery_message ON delivery (message_seq, endpoint_seq);
      CREATE INDEX delivery_dead_message ON delivery (message_seq, endpoint_seq, reason, ended_at) WHERE state = 2`);
    for (let message = 1; message <= MESSAGES; message++) {
      this.db.run("INSERT INTO message VALUES (?, ?)", [message, `type.${message % 3}`]);
      for (let endpoint = 1; endpoint <= ENDPOINTS; endpoint++)
        this.db.run("INSERT INTO delivery VALUES (?, ?, 0, NULL, NULL)", [message, endpoint]);
    }
  }

  /** Makes dead letters of the pending deliveries of some messages, or the other way round. */
  change({ from, to, endpoint, reason }: Change): void {
    const which = "WHERE message_seq BETWEEN ? AND ? AND endpoint_seq % ? = 0";
    this.#now += 1;
    if (reason === null) {
      this.db.run(`UPDATE delivery SET state = 0, reason = NULL, ended_at = NULL ${which} AND state = 2`, [
        ...[from, to, endpoint],
      ]);
    } else {
      this.db.run(`UPDATE delivery SET state = 2, reason = ?, ended_at = ? ${which} AND state = 0`, [
        ...[reason, this.#now, from, to, endpoint],
      ]);
    }
  }

  expected(): string[] {
    const dead = this.db.query(
      `SELECT d.endpoint_seq, d.reason, m.event_type, d.ended_at FROM delivery d JOIN message m ON m.seq = d.message_seq
       WHERE d.state = 2`,
    );
    return (dead.values() as unknown[][]).map((row) => row.join(" ")).sort();
  }
}

interface Change {
  readonly from: number;
  readonly to: number;
  /** Every endpoint whose number is a multiple of it. */
  readonly endpoint: number;
  /** Null for a redrive. */
  readonly reason: string | null;
}

const changes: fc.Arbitrary<Change> = fc
  .tuple(fc.integer({ min: 1, max: MESSAGES }), fc.constantFrom(0, 0, 1, 5, 30, MESSAGES))
  .chain(([from, more]) =>
    fc.record({
      from: fc.constant(from),
      to: fc.constant(from + more),
      endpoint: fc.integer({ min: 1, max: ENDPOINTS }),
      reason: fc.constantFrom(null, ...REASONS),
    }),
  );

function blocksOf(db: Database, sizes = SIZES): DeadLetterBlocks {
  return new DeadLetterBlocks(db, new Turns({ soon: (task) => void setImmediate(task) }), sizes);
}

async function readAll(blocks: DeadLetterBlocks): Promise<string[]> {
  const found: string[] = [];
  await blocks.read(({ groups, endedAts }: Rows) => {
    for (const [at, group] of groups.entries()) {
      const { endpointSeq, reason, eventType } = blocks.keyOf(group);
      found.push(`${endpointSeq} ${reason} ${eventType} ${endedAts[at]}`);
    }
  });
  return found.sort();
}

test("after any changes, a reading has exactly the dead letters of the store", async () => {
  const sizes = [SIZES, { ...SIZES, keptRowsMax: 20 }, { ...SIZES, unusedGroupsMax: -MESSAGES }];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(changes, { maxLength: 4 }), { maxLength: 12 }),
      fc.constantFrom(...sizes),
      async (steps, size) => {
        const world = new World();
        const blocks = blocksOf(world.db, size);
        for (const step of steps) {
          for (const change of step) world.change(change);
          expect(await readAll(blocks)).toEqual(world.expected());
        }
        world.db.close();
      },
    ),
    { numRuns: 60 },
  );
});

test("concurrent readings have all dead letters", async () => {
  const world = new World();
  const blocks = blocksOf(world.db);
  world.change({ from: 1, to: MESSAGES, endpoint: 1, reason: "timeout" });
  const all = await Promise.all([readAll(blocks), readAll(blocks), readAll(blocks)]);
  const expected = world.expected();
  expect(all).toEqual([expected, expected, expected]);
});

test("a reading that fails keeps none of the later ones from the dead letters", async () => {
  const world = new World();
  const blocks = blocksOf(world.db);
  world.change({ from: 1, to: MESSAGES, endpoint: 1, reason: "timeout" });
  const failing = blocks.read(() => {
    throw new Error("planted");
  });
  await expect(failing).rejects.toThrow("planted");
  expect(await readAll(blocks)).toEqual(world.expected());
});
