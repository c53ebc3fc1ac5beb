import type { Settings } from "../config/index.ts";
import { SQLITE } from "../config/store-kinds.ts";
import { CommandFailed } from "./exit-code.ts";

/**
 * Throws `CommandFailed` if the data is in PostgreSQL, where a command makes no sense. `instead` is a
 * sentence that says what to use.
 */
export function requireSqlite({ store }: Pick<Settings, "store">, command: string, instead: string): void {
  if (store !== SQLITE) throw new CommandFailed(`boathook ${command} works only with SQLite. ${instead}`);
}
