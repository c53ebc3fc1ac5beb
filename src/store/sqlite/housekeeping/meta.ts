import type { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import type { Seq, ShardPeriod } from "../../../core/id.ts";
import type { Clock } from "../../../ports.ts";
import type { Housekeeping } from "../../index.ts";
import type { Committer } from "../commit/commit.ts";

const ID_SEED = "id-seed";
const PROBED_AT = "probed-at";

export function meta(db: Database, committer: Committer): Housekeeping["meta"] {
  const get = db.prepare<{ value: string }, [string]>("SELECT value FROM meta WHERE name = ?");
  const set = db.prepare(
    "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  const drop = db.prepare("DELETE FROM meta WHERE name = ?");
  return {
    get: async (name) => get.get(name)?.value ?? null,
    set: (name, value) => committer.write(() => void (value === null ? drop.run(name) : set.run(name, value))),
  };
}

/** Returns a write that changes the database file. It tests whether the disk works. */
export function probeOf(db: Database, clock: Clock): () => void {
  return () =>
    void db.run(
      "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      [PROBED_AT, String(clock.now())],
    );
}

/** Returns a stored value. If the value does not exist, generates and stores it. */
function once(db: Database, name: string, make: () => string): string {
  db.run("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", [name, make()]);
  return (db.query("SELECT value FROM meta WHERE name = ?").get(name) as { value: string }).value;
}

const SHARDS = "shards";

/**
 * Returns the names that the installation has had, in order. `name` is the present one: if it is new,
 * it holds for numbers after `newest`. Undefined leaves the names as they are.
 */
export function shardPeriods(db: Database, newest: Seq, name: string | null | undefined): readonly ShardPeriod[] {
  const row = db.query<{ value: string }, [string]>("SELECT value FROM meta WHERE name = ?").get(SHARDS);
  const periods: ShardPeriod[] = row === null ? [] : JSON.parse(row.value);
  if (name === undefined || (periods.at(-1)?.name ?? null) === name) return periods;
  periods.push({ name, from: newest + 1 });
  db.run("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", [
    SHARDS,
    JSON.stringify(periods),
  ]);
  return periods;
}

export function idSeed(db: Database): readonly [number, number, number, number] {
  const hex = once(db, ID_SEED, () => randomBytes(16).toString("hex"));
  const word = (index: number) => Number.parseInt(hex.slice(index * 8, index * 8 + 8), 16) | 0;
  return [word(0), word(1), word(2), word(3)];
}
