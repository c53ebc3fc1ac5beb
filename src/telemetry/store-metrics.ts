import type { Facts } from "../core/facts.ts";
import type { ReplicaState, StoreHealth, StoreSize } from "../store/index.ts";
import { addGauge } from "./gauge.ts";
import { SECONDS } from "./process-metrics.ts";
import { Counter, Histogram, type Registry } from "./prom-client.ts";

/** Values of the store that are read when metrics are requested. */
export interface StoreReadings {
  /** Returns the state of the scheduled backups. Absent if there are none. */
  backups?(): { readonly newestAt: number | null; readonly isOverdue: boolean };
  storeSize(): Promise<StoreSize>;
  diskFreeBytes(): Promise<number | null>;
  storeHealth(): Promise<StoreHealth>;
  /** Returns the state of the replica. Absent if there is none. */
  replica?(): Pick<ReplicaState, "status" | "lagMs" | "lagBytes">;
}

/** Adds metrics of commits, sizes, backups and the replica. */
export function addStoreMetrics(registry: Registry, facts: Facts, readings: StoreReadings): void {
  countCommits(registry, facts);
  addGauge(registry, "boathook_store_failing", "1 while the last commit or read of the store failed.", async () =>
    Number((await readings.storeHealth()).failing),
  );
  countBackups(registry, facts);
  addSizes(registry, readings);
  addBackupGauges(registry, readings);
  addReplicaGauges(registry, readings);
}

function countCommits(registry: Registry, facts: Facts): void {
  const registers = [registry];
  const commitSeconds = new Histogram({
    name: "boathook_commit_duration_seconds",
    help: "Duration of a commit to the store.",
    buckets: SECONDS,
    registers,
  });
  const commitWrites = new Histogram({
    name: "boathook_commit_writes",
    help: "Number of writes per commit.",
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
    registers,
  });
  const commitsFailed = new Counter({
    name: "boathook_commits_failed_total",
    help: "Commits that failed because the store could not be written.",
    registers,
  });
  facts.on(["commit.finished"], ({ durationMs, writes }) => {
    commitSeconds.observe(durationMs / 1000);
    commitWrites.observe(writes);
  });
  facts.on(["commit.failed"], () => commitsFailed.inc());
}

function countBackups(registry: Registry, facts: Facts): void {
  const backups = new Counter({
    name: "boathook_backups_total",
    help: "Scheduled backups by outcome: finished or failed.",
    labelNames: ["outcome"],
    registers: [registry],
  });
  for (const outcome of ["finished", "failed"]) backups.labels(outcome).inc(0);
  facts.on(["backup.finished"], () => backups.labels("finished").inc());
  facts.on(["backup.failed"], () => backups.labels("failed").inc());
}

function addSizes(registry: Registry, { storeSize, diskFreeBytes }: StoreReadings): void {
  const sizeOf = async (part: keyof StoreSize) => (await storeSize())[part] ?? Number.NaN;
  addGauge(registry, "boathook_database_bytes", "Size of the database.", () => sizeOf("databaseBytes"));
  addGauge(registry, "boathook_wal_bytes", "Size of the write-ahead log. NaN with PostgreSQL.", () =>
    sizeOf("walBytes"),
  );
  addGauge(
    registry,
    "boathook_disk_free_bytes",
    "Free space on the disk of the data directory. NaN with PostgreSQL.",
    async () => (await diskFreeBytes()) ?? Number.NaN,
  );
}

function addBackupGauges(registry: Registry, { backups }: StoreReadings): void {
  addGauge(
    registry,
    "boathook_backup_overdue",
    "1 while the newest scheduled backup is older than twice backup-every.",
    () => Number(backups?.()?.isOverdue ?? false),
  );
  addGauge(
    registry,
    "boathook_backup_newest_timestamp_seconds",
    "Time of the newest scheduled backup; 0 if there is none.",
    () => (backups?.()?.newestAt ?? 0) / 1000,
  );
}

function addReplicaGauges(registry: Registry, { replica }: StoreReadings): void {
  addGauge(registry, "boathook_replica_up", "0 while the replica cannot be written; 1 without a replica.", () =>
    Number(replica?.().status !== "failed"),
  );
  addGauge(
    registry,
    "boathook_replica_lag_seconds",
    "Age of the oldest commit that the replica lacks; 0 without a replica.",
    () => (replica?.().lagMs ?? 0) / 1000,
  );
  addGauge(
    registry,
    "boathook_replica_lag_bytes",
    "Size of what the replica lacks; 0 without a replica.",
    () => replica?.().lagBytes ?? 0,
  );
}
