import type { FactOf } from "../core/fact.ts";
import type { Facts } from "../core/facts.ts";
import type { Log } from "./log.ts";

const LOGGED = [
  "store.failing",
  "store.recovered",
  "backup.finished",
  "backup.failed",
  "replica.failed",
  "replica.recovered",
  "replica.copied",
  "replica.restarted",
] as const;

/** Logs failures of the store, and the state of its backups and its replica. */
export function logStore(facts: Facts, log: Log): void {
  facts.on(LOGGED, (fact) => {
    switch (fact.type) {
      case "store.failing":
        log.error({ error: fact.message, damaged: fact.damaged }, storeFailure(fact));
        break;
      case "store.recovered":
        log.info({ damaged: fact.damaged }, "Store works again.");
        break;
      case "backup.finished":
        log.info({ event: fact.type, file: fact.file, durationMs: Math.round(fact.durationMs) }, "Backup is complete.");
        break;
      case "backup.failed":
        log.error({ event: fact.type, reason: fact.reason }, `Scheduled backup failed. ${fact.reason}`);
        break;
      case "replica.failed":
        log.error(
          { event: fact.type, replica: fact.location, reason: fact.reason },
          `Replica cannot be written. It is tried again. ${fact.reason}`,
        );
        break;
      case "replica.recovered":
        log.info({ event: fact.type, replica: fact.location }, "Replica can be written again.");
        break;
      case "replica.copied":
        log.info(
          {
            ...{ event: fact.type, replica: fact.location },
            ...{ bytes: fact.bytes, durationMs: Math.round(fact.durationMs) },
          },
          "Replica has a complete copy of the data.",
        );
        break;
      case "replica.restarted":
        log.warn(
          { event: fact.type, replica: fact.location },
          "The data does not continue what the replica has, for example because a backup was restored. The replica begins a new generation; the old one is kept for a week and can be restored with --at.",
        );
        break;
    }
  });
}

function storeFailure({ what, full, damaged }: FactOf<"store.failing">): string {
  if (full) return "Disk is full: nothing was stored and clients get 503. Free some disk space.";
  if (damaged) {
    return "Database is damaged: some data cannot be read. Stop the server and restore a backup.";
  }
  const check = "Check the PostgreSQL server, or the disk, the files of the data directory and their permissions.";
  return what === "commit"
    ? `Store could not be written: nothing was stored and clients get 503. ${check}`
    : `Store could not be read: clients get 503. ${check}`;
}
