import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { type Housekeeping, StoreUnavailable } from "../index.ts";

export function sizeVerbs(db: Database): Pick<Housekeeping, "size" | "ping"> {
  const ping = db.prepare("SELECT 1");
  return {
    size: async () => ({ databaseBytes: bytesOf(db.filename), walBytes: bytesOf(`${db.filename}-wal`) }),
    ping: async () => {
      try {
        ping.get();
      } catch (error) {
        throw new StoreUnavailable(`The store cannot be read: ${(error as Error).message}.`);
      }
    },
  };
}

/** Returns 0 for a file that does not exist, such as the log of an in-memory database. */
function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
