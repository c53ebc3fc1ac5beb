import type { Database, Statement } from "bun:sqlite";
import { memoryDatabase } from "../support/memory-database.ts";

/**
 * Opens the data of one world, in memory. The programs of a world, which run one after another, share
 * their statements, because SQLite would need a tenth of the world's time to prepare them again for each.
 * Closing the database finalizes all statements. Otherwise the data would stay in memory until they are
 * collected as garbage.
 */
export function openSimDatabase(): Database {
  const db = memoryDatabase();
  const prepared = new Map<string, Statement>();
  const prepare = db.prepare.bind(db);
  const close = db.close.bind(db);
  db.prepare = ((sql: string, ...bindings: never[]) => {
    const known = prepared.get(sql);
    if (known !== undefined && bindings.length === 0) return known;
    const statement = prepare(sql, ...bindings) as Statement;
    prepared.set(sql, statement);
    return statement;
  }) as typeof prepare;
  db.close = () => {
    for (const statement of prepared.values()) statement.finalize();
    close(true);
  };
  return db;
}
