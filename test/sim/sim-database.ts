import { Database, type Statement } from "bun:sqlite";

/**
 * Opens the data of one world, in memory. Programs that crashed stay in memory, because their waits
 * never end. Closing the data finalizes their statements too, as the end of a process would. Otherwise
 * each world would keep its data until the last seed has run.
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
