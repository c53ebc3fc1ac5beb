import { resolve } from "node:path";
import type { SystemReadings } from "./api/http/system-readings.ts";
import { type SettingInForce, type Settings, settingsInForce } from "./config/index.ts";
import { SQLITE } from "./config/store-kinds.ts";
import type { ConnectionLimits } from "./edge/client-connections.ts";
import { memoryInUse } from "./edge/memory.ts";
import { openFiles } from "./edge/open-files.ts";
import type { Kernel } from "./kernel.ts";
import type { CommitTimes } from "./telemetry/commit-times.ts";
import type { RecentLines } from "./telemetry/recent-lines.ts";

interface Shown {
  /** Returns the settings in force with their sources. */
  readonly settingsInForce?: () => readonly SettingInForce[];
  readonly recentLines?: Pick<RecentLines, "list">;
  /** The commit from which the executable was built, or null if it is not known. */
  readonly commit?: string | null;
}

/** Returns what `GET /api/v1/system` shows of this process. */
export function systemReadings(
  { engine, retention }: Kernel,
  settings: Settings,
  { settingsInForce: inForce, recentLines, commit = null }: Shown,
  process: {
    readonly commitTimes: CommitTimes;
    readonly limits: ConnectionLimits;
    readonly connections: () => number | null;
  },
): SystemReadings {
  const { filesMax, connectionsMax } = process.limits;
  return {
    ...{ commit, retentionMs: settings.retentionMs },
    dataDir: settings.store === SQLITE ? resolve(settings.dataDir) : null,
    ...{ startedAt: performance.timeOrigin, attemptsMax: settings.deliveryConcurrency },
    settings: inForce ?? (() => settingsInForce(settings, {})),
    commits: () => process.commitTimes.recent(),
    retentionLastRunAt: () => retention.lastRunAt,
    memory: memoryInUse,
    openFiles: async () => ({ open: await openFiles(), max: filesMax }),
    connections: () => ({ open: process.connections(), max: Number.isFinite(connectionsMax) ? connectionsMax : null }),
    engine: () => ({
      attemptsUnderWay: engine.attemptsUnderWay,
      lanes: engine.lanesInMemory,
      oldestDueAt: engine.oldestDueAt(),
    }),
    logLines: () => recentLines?.list() ?? [],
  };
}
