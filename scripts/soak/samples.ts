import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Metrics } from "./metrics.ts";
import type { Sample } from "./verdict.ts";

const MB = 1e6;
const DATABASE = /\.db$/;
const WAL = /\.db-wal$/;

/** The server and the directories that a soak observes. */
export interface Observed {
  readonly pid: number;
  readonly dataDir: string;
  readonly replicaDir: string;
  readonly backupDir: string;
  readonly metrics: () => Promise<Metrics>;
}

/** Returns a function that reads all figures. The process figures are those of Linux. */
export function sampler({ pid, dataDir, replicaDir, backupDir, metrics }: Observed): (at: number) => Promise<Sample> {
  let lag = { sum: 0, count: 0 };
  return async (at) => {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const statusValue = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
    const files = filesIn(dataDir);
    const sizeOf = (isWanted: (name: string) => boolean) =>
      files.reduce((sum, { name, bytes }) => sum + (isWanted(name) ? bytes : 0), 0) / MB;
    const page = await metrics();
    const before = lag;
    lag = {
      sum: page.sum("boathook_event_loop_lag_seconds_sum"),
      count: page.sum("boathook_event_loop_lag_seconds_count"),
    };
    return {
      at,
      memory: (statusValue("VmRSS") * 1024) / MB,
      heap: page.sum("boathook_heap_bytes") / MB,
      threads: statusValue("Threads"),
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      lag: ((lag.sum - before.sum) / Math.max(1, lag.count - before.count)) * 1000,
      database: sizeOf((name) => DATABASE.test(name)),
      wal: sizeOf((name) => WAL.test(name)),
      otherFiles: sizeOf((name) => !DATABASE.test(name) && !WAL.test(name)),
      replica: totalOf(replicaDir),
      backups: totalOf(backupDir),
      pending: page.sum("boathook_deliveries_pending"),
    };
  };
}

function totalOf(directory: string): number {
  return filesIn(directory).reduce((sum, { bytes }) => sum + bytes, 0) / MB;
}

/** Lists a directory with its subdirectories. Files that are removed at the same time are left out. */
function filesIn(directory: string): { readonly name: string; readonly bytes: number }[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const found = statSync(join(directory, name), { throwIfNoEntry: false });
    return found?.isFile() ? [{ name, bytes: found.size }] : [];
  });
}
