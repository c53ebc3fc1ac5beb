/** What only the running process knows about itself. */
import type { SettingInForce } from "../../config/index.ts";

export interface SystemReadings {
  /** The commit from which the executable was built, or null if it is not known. */
  readonly commit: string | null;
  readonly startedAt: number;
  /** Null if the data are not in files. */
  readonly dataDir: string | null;
  readonly retentionMs: number;
  readonly attemptsMax: number;
  settings(): readonly SettingInForce[];
  commits(): {
    readonly windowMs: number;
    readonly count: number;
    readonly p50Ms: number | null;
    readonly p95Ms: number | null;
    readonly p99Ms: number | null;
    readonly maxMs: number | null;
  };
  retentionLastRunAt(): number | null;
  memory(): { readonly residentBytes: number | null; readonly heapBytes: number | null };
  /** Counts null where the system does not report them. */
  openFiles(): Promise<{ readonly open: number | null; readonly max: number | null }>;
  connections(): { readonly open: number | null; readonly max: number | null };
  /** Attempts under way, and lanes in memory. */
  engine(): { readonly attemptsUnderWay: number; readonly lanes: number; readonly oldestDueAt: number | null };
  /** The latest warnings and errors of the log as JSON, the oldest first. */
  logLines(): readonly string[];
}
