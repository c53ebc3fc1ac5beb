/** Names of scheduled backups: `boathook-20260102T030405Z.bak`. They sort by time. */

const NAME = /^boathook-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.bak$/;
/** Matches the files that a killed backup may leave. */
const PARTIAL = /^boathook-\d{8}T\d{6}Z\.bak\.tmp(-\w+)?$/;

export function backupName(at: number): string {
  const digits = new Date(at).toISOString().replace(/[-:]|\.\d+/g, "");
  return `boathook-${digits}.bak`;
}

/** Returns the time of a backup in ms, or null if the name is not that of a scheduled backup. */
export function backupTime(name: string): number | null {
  const parts = NAME.exec(name);
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [number, ...number[]];
  const at = Date.UTC(year, month! - 1, day, hour, minute, second);
  return backupName(at) === name ? at : null;
}

/**
 * Returns the time of the newest backup among file names, or null if there is none. Names with a time
 * after `now`, which the clock gave before it was set back, do not count. Otherwise no backup would be
 * due until then.
 */
export function newestBackup(names: readonly string[], now: number): number | null {
  const times = names.map(backupTime).filter((at) => at !== null && at <= now) as number[];
  return times.length === 0 ? null : Math.max(...times);
}

/**
 * Returns the names of the backups beyond the newest `keep`. Other files are never among them.
 * Backups with a time after `now` are neither counted nor among them, so that they do not displace
 * those that are made now.
 */
export function surplusBackups(names: readonly string[], keep: number, now: number): string[] {
  const backups = names.filter((name) => (backupTime(name) ?? Number.POSITIVE_INFINITY) <= now).sort();
  return backups.slice(0, Math.max(0, backups.length - keep));
}

export function isPartialBackup(name: string): boolean {
  return PARTIAL.test(name);
}

/** Returns when the next backup is due. Without a backup it is due now. */
export function nextBackupAt(newestAt: number | null, everyMs: number, now: number): number {
  return newestAt === null ? now : newestAt + everyMs;
}
