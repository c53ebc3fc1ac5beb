import type { Database } from "bun:sqlite";
import type { Seq } from "../../../core/id.ts";
import type { FailureReason } from "../../../core/outcome.ts";
import { STATE } from "../../sql/delivery-row.ts";
import type { Bindings } from "../../sql/page.ts";
import type { Turns } from "../../turns.ts";

/** A changed block that is less full is joined with the next one. */
const FULL_ENOUGH = 1 / 4;
/** Number of unchanged rows whose check takes as long as reading one row. */
const CHECKED_PER_READ = 8;

interface Sizes {
  /** Number of dead letters in a full block, and the most that one step reads. A step takes a few ms. */
  readonly blockRows: number;
  /** Most dead letters that are kept in memory, at 12 bytes each. Others are read each time. */
  readonly keptRowsMax: number;
  /** Groups that may be kept although no dead letter is in them. */
  readonly unusedGroupsMax: number;
}
const SIZES: Sizes = { blockRows: 2000, keptRowsMax: 1_000_000, unusedGroupsMax: 10_000 };

/** The values that all dead letters of a group share. An event type never changes. */
export interface GroupKey {
  readonly endpointSeq: Seq;
  readonly reason: FailureReason;
  readonly eventType: string;
}

/** Dead letters, in no particular order. `groups` has the number of each one's group. */
export interface Rows {
  readonly groups: Int32Array;
  readonly endedAts: Float64Array;
}

/** A place in the index of dead letters. */
interface Place {
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
}
const START: Place = { messageSeq: -1, endpointSeq: -1 };
const END: Place = { messageSeq: Number.MAX_SAFE_INTEGER, endpointSeq: Number.MAX_SAFE_INTEGER };

/**
 * Numbers that are different after a change of the dead letters of a block. A dead letter that is
 * added has a later `ended_at` than those that were there, so their sum rises if as many are removed.
 * The third number tells dead letters apart whose clock was set back.
 */
type Check = readonly [count: number, endedAts: number, keys: number];

interface Block {
  /** The last place of the block. It begins after the previous one. */
  readonly to: Place;
  readonly check: Check;
  /** Null if the rows are not kept. */
  readonly rows: Rows | null;
}

interface ReadBlock extends Block {
  readonly rows: Rows;
}

type Row = readonly [messageSeq: Seq, endpointSeq: Seq, reason: FailureReason, endedAt: number, eventType: string];

const DEAD = `delivery INDEXED BY delivery_dead_message WHERE state = ${STATE.dead}`;
const WITHIN = `(message_seq, endpoint_seq) > ($messageSeq, $endpointSeq)
  AND (message_seq, endpoint_seq) <= ($lastMessageSeq, $lastEndpointSeq)`;

/**
 * Keeps the groups of all dead letters in memory, in blocks of neighbours in an index. Every reading
 * compares each block with the store, which takes a tenth of the time of reading its rows and their
 * event types. So dead letters may be changed by anyone, also by other processes.
 */
export class DeadLetterBlocks {
  readonly #turns: Turns;
  readonly #sizes: Sizes;
  readonly #rows;
  readonly #check;
  readonly #keys: GroupKey[] = [];
  readonly #numbers = new Map<string, number>();
  #blocks: readonly Block[] = [];
  #latest: Promise<void> = Promise.resolve();

  constructor(db: Database, turns: Turns, sizes = SIZES) {
    this.#turns = turns;
    this.#sizes = sizes;
    this.#rows = db.prepare<Row, [Bindings]>(
      `SELECT d.message_seq, d.endpoint_seq, d.reason, d.ended_at, m.event_type
       FROM (SELECT message_seq, endpoint_seq, reason, ended_at FROM ${DEAD} AND ${WITHIN}
         ORDER BY message_seq, endpoint_seq LIMIT $limit) d
         CROSS JOIN message m ON m.seq = d.message_seq`,
    );
    this.#check = db.prepare<Check, [Bindings]>(
      `SELECT COUNT(*), COALESCE(SUM(ended_at), 0),
         COALESCE(SUM((message_seq % 999983) * (endpoint_seq % 1000003)), 0)
       FROM (SELECT message_seq, endpoint_seq, ended_at FROM ${DEAD} AND ${WITHIN}
         ORDER BY message_seq, endpoint_seq LIMIT ${sizes.blockRows + 1})`,
    );
  }

  /** Returns what the dead letters of a group have in common. */
  keyOf(group: number): GroupKey {
    return this.#keys[group]!;
  }

  /**
   * Calls `visit` with all dead letters, block by block. Changes between two steps may or may not be
   * included. One reading at a time, so that concurrent ones do not read the same rows.
   */
  read(visit: (rows: Rows) => void): Promise<void> {
    const reading = this.#latest.then(() => this.#read(visit));
    this.#latest = reading.catch(() => {});
    return reading;
  }

  async #read(visit: (rows: Rows) => void): Promise<void> {
    const { blockRows, keptRowsMax, unusedGroupsMax } = this.#sizes;
    const spend = this.#turns.budget(blockRows);
    const blocks: Block[] = [];
    let total = 0;
    let place = START;
    const add = (block: ReadBlock) => {
      total += block.rows.groups.length;
      blocks.push(total <= keptRowsMax ? block : { ...block, rows: null });
      place = block.to;
      visit(block.rows);
    };
    const addAll = async (to: Place) => {
      for (let block = this.#next(place, to); block !== null; block = this.#next(place, to)) {
        add(block);
        await spend(block.rows.groups.length);
      }
    };
    for (const [at, { to, check, rows }] of this.#blocks.entries()) {
      const now = this.#checkOf(place, to);
      await spend(now[0] / CHECKED_PER_READ);
      const isLast = at === this.#blocks.length - 1;
      // A last block that is not full is read with the rows that come after it.
      if (rows !== null && isSame(now, check) && (!isLast || now[0] >= blockRows)) add({ to, check, rows });
      else if (!isLast && now[0] >= blockRows * FULL_ENOUGH) await addAll(to);
    }
    await addAll(END);
    this.#blocks = blocks;
    if (this.#keys.length > total + unusedGroupsMax) this.#forget();
  }

  /** Reads the next dead letters of a range. Returns null if there are none. */
  #next(after: Place, to: Place): ReadBlock | null {
    const found = this.#rows.values({
      ...rangeOf(after, to),
      limit: this.#sizes.blockRows,
    }) as unknown as readonly Row[];
    const last = found.at(-1);
    if (last === undefined) return null;
    const rows = { groups: new Int32Array(found.length), endedAts: new Float64Array(found.length) };
    for (const [at, [, endpointSeq, reason, endedAt, eventType]] of found.entries()) {
      rows.groups[at] = this.#numberOf(endpointSeq, reason, eventType);
      rows.endedAts[at] = endedAt;
    }
    const [messageSeq, endpointSeq] = last;
    const end = { messageSeq, endpointSeq };
    return { to: end, check: this.#checkOf(after, end), rows };
  }

  #checkOf(after: Place, to: Place): Check {
    return this.#check.values(rangeOf(after, to))[0] as unknown as Check;
  }

  #numberOf(endpointSeq: Seq, reason: FailureReason, eventType: string): number {
    const name = `${endpointSeq} ${reason} ${eventType}`;
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#keys.push({ endpointSeq, reason, eventType }) - 1;
      this.#numbers.set(name, number);
    }
    return number;
  }

  #forget(): void {
    this.#blocks = [];
    this.#keys.length = 0;
    this.#numbers.clear();
  }
}

function rangeOf(after: Place, to: Place): Bindings {
  return { ...after, lastMessageSeq: to.messageSeq, lastEndpointSeq: to.endpointSeq };
}

function isSame(a: Check, b: Check): boolean {
  return a.every((value, at) => value === b[at]);
}
