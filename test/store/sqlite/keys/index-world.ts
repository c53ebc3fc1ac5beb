import type { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import type { Fact } from "../../../../src/core/fact.ts";
import type { Clock } from "../../../../src/ports.ts";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { Committer } from "../../../../src/store/sqlite/commit/commit.ts";
import { migrate } from "../../../../src/store/sqlite/schema/migrate.ts";

export const numbersOf = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** The tables of an index, and the size of an entry. */
interface Tables {
  readonly log: string;
  readonly range: string;
  readonly entryBytes: number;
}

/** An index of keys on a database in memory. The message of a key has the key's number. */
export abstract class IndexWorld {
  isDiskFull = false;
  readonly facts: Fact[] = [];
  committer!: Committer;

  constructor(
    private readonly tables: Tables,
    readonly db: Database,
  ) {
    migrate(db);
  }

  protected readonly onFact = (fact: Fact): void => {
    this.facts.push(fact);
  };

  /** Opens the database as after a restart. */
  abstract open(): void;

  /** Adds a message with its key unless the key is known. Resolves to whether it was added. */
  abstract add(number: number): Promise<boolean>;

  abstract isKnown(number: number): boolean;

  /** `beforeCommit` may throw, so that nothing is committed. */
  protected newCommitter(clock: Clock, beforeCommit: () => void = () => {}): Committer {
    return new Committer(
      this.db,
      clock,
      () => {},
      () => {
        if (this.isDiskFull) throw new StoreUnavailable("The disk is full.");
        beforeCommit();
      },
    );
  }

  addAll(from: number, to: number): Promise<boolean[]> {
    return Promise.all(numbersOf(from, to).map((number) => this.add(number)));
  }

  unknownOf(from: number, to: number): number[] {
    return numbersOf(from, to).filter((number) => !this.isKnown(number));
  }

  /** Returns the number of entries in the log or in the ranges. */
  count(where: "log" | "range"): number {
    const sql = `SELECT sum(length(entries)) AS bytes FROM ${this.tables[where]}`;
    return (this.db.query<{ bytes: number | null }, []>(sql).get()!.bytes ?? 0) / this.tables.entryBytes;
  }

  /** Waits until at most this many keys are in the log. */
  async moved(loggedMax: number): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (this.count("log") > loggedMax) {
      if (performance.now() > deadline) throw new Error(`Keys are left in the log: ${this.count("log")}.`);
      // Each commit may begin to move keys.
      await this.committer.write(() => {});
    }
  }
}

/** Tests that the keys of a transaction that is not committed are not known. `keys` is their name. */
export function testRollback(keys: string, begin: () => IndexWorld): void {
  test(`the ${keys} of a transaction that is not committed are not known, and may be added again`, async () => {
    const world = begin();
    await world.add(1);
    world.isDiskFull = true;
    const results = await Promise.allSettled([world.add(2), world.add(3)]);
    world.isDiskFull = false;
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(world.unknownOf(1, 4)).toEqual([2, 3]);
    expect(await world.add(2)).toBe(true);
    world.open();
    expect(world.unknownOf(1, 4)).toEqual([3]);
  });
}
