/** Rules for what needs an operator's attention. */

const MIB = 1_048_576;
/** Free space, in bytes, below which the disk needs attention. */
const DISK_LOW_BYTES = 2048 * MIB;
/** Free space, in bytes, below which the disk needs attention urgently. */
const DISK_CRITICAL_BYTES = 512 * MIB;

/** The most urgent first. `info`: an endpoint that the server did not disable. */
export const severities = ["critical", "warning", "info"] as const;
export type Severity = (typeof severities)[number];

export const attentionKinds = [
  "store_damaged",
  "disk_low",
  "clock_jumped",
  "backup_failed",
  "replica_failed",
  "replica_behind",
  "certificate_expiring",
  "delivery_held",
  "environment_paused",
  "backlog_growing",
  "endpoint_disabled",
  "endpoint_failing",
  "endpoint_paused",
  "endpoint_certificate_expiring",
  "endpoint_unverified",
  "source_refusing",
  "source_certificate_expiring",
  "dead_letters",
] as const;

/** Time before its end, in ms, at which a certificate should have been renewed. */
export const certificateRenewalMs = 14 * 86_400_000;

/** Returns how urgent the end of a certificate is, or null if it is far away. */
export function certificateSeverity(endsAt: number, now: number): Severity | null {
  if (endsAt - now >= certificateRenewalMs) return null;
  return endsAt <= now ? "critical" : "warning";
}

/** Time, in ms, after which an endpoint that is still not verified needs attention. */
export const UNVERIFIED_MS = 3_600_000;

/** Age, in ms, from which a refused request to a source no longer needs attention. */
const REFUSED_AGE_MS = 86_400_000;

/** Returns whether the latest refused request to a source is new enough to need attention. */
export function isRefusalRecent(latestAt: number, now: number): boolean {
  return now - latestAt < REFUSED_AGE_MS;
}

/** Returns how urgent the lack of disk space is, or null if there is enough or it is not known. */
export function diskSeverity(freeBytes: number | null): Severity | null {
  if (freeBytes === null || freeBytes >= DISK_LOW_BYTES) return null;
  return freeBytes < DISK_CRITICAL_BYTES ? "critical" : "warning";
}

/** Sorts entries by severity. Entries of the same severity keep their order. */
export function bySeverity<T extends { readonly severity: Severity }>(entries: readonly T[]): T[] {
  return severities.flatMap((severity) => entries.filter((entry) => entry.severity === severity));
}
