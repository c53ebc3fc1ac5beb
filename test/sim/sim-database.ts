import { Database, type Statement } from "bun:sqlite";

/**
 * Opens the data of one world, in memory. Closing it finalizes all statements, also those of programs
 * that crashed, as the end of a process would. Otherwise the data would stay in memory until the
 * statements are collected as garbage.
 */
export function openSimDatabase(): Database {
  const db = new Database(":memory:", { strict: true });
  const prepared: Statement[] = [];
  const prepare = db.prepare.bind(db);
  const close = db.close.bind(db);
  db.prepare = ((...args: Parameters<typeof prepare>) => {
    const statement = prepare(...args);
    prepared.push(statement as Statement);
    return statement;
  }) as typeof prepare;
  db.close = () => {
    for (const statement of prepared.splice(0)) statement.finalize();
    close(true);
  };
  return db;
}
