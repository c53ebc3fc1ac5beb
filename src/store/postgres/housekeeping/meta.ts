import { randomBytes } from "node:crypto";
import type { Housekeeping } from "../../index.ts";
import type { Committer } from "../commit/commit.ts";
import type { Database, Queries } from "../connection/database.ts";

export function meta(database: Database, committer: Committer): Housekeeping["meta"] {
  return {
    get: (name) => readMeta(database, name),
    set: (name, value) =>
      committer.write(async (transaction) => {
        if (value === null) await transaction.run("DELETE FROM meta WHERE name = $1", [name]);
        else await writeMeta(transaction, name, value);
      }),
  };
}

/** Returns the value with a name in the table `meta`, or null. */
export async function readMeta(queries: Queries, name: string): Promise<string | null> {
  const row = await queries.first<{ value: string }>("SELECT value FROM meta WHERE name = $1", [name]);
  return row?.value ?? null;
}

export async function writeMeta(queries: Queries, name: string, value: string): Promise<void> {
  await queries.run(
    "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [name, value],
  );
}

/** Returns a stored value. If it does not exist, stores a new one, unless another instance does so first. */
export async function once(queries: Queries, name: string, make: () => string): Promise<string> {
  const known = await readMeta(queries, name);
  if (known !== null) return known;
  await queries.run("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", [name, make()]);
  return (await readMeta(queries, name))!;
}

/** Returns the seed of ids. It is generated with the database. */
export async function idSeed(database: Database): Promise<readonly [number, number, number, number]> {
  const hex = await once(database, "id-seed", () => randomBytes(16).toString("hex"));
  const word = (index: number) => Number.parseInt(hex.slice(index * 8, index * 8 + 8), 16) | 0;
  return [word(0), word(1), word(2), word(3)];
}
