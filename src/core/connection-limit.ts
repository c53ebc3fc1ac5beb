/** Rules for how many client connections may be open, so that deliveries keep file descriptors. */

import { attemptsMax } from "./concurrency.ts";

/** The maximum number of client connections if nothing else limits it. */
const CONNECTIONS_MAX = 10_000;
/** Number of open files for the store, the log, the listener and name lookups. */
const OWN_FILES = 128;
/**
 * Number of descriptors that clients get even if the attempts could use them all, but at most half
 * of the limit of open files.
 */
const CLIENT_FILES = 512;
/**
 * Excess connections, as a share of the limit. They are open for a moment, until the server has
 * closed them.
 */
const EXCESS_SHARE = 0.25;
const EXCESS_MIN = 16;

/**
 * Returns the number of connections beyond the limit that may be open for a moment. Most requests
 * are answered in that time, even while other clients use up the limit.
 */
export function excessMax(connectionsMax: number): number {
  return Math.max(EXCESS_MIN, Math.floor(connectionsMax * EXCESS_SHARE));
}

/**
 * Returns the maximum number of client connections: what the operator has set, or fewer if the
 * limit of open files has no room for them beside the attempts and the server's own files.
 */
export function connectionsMaxFor(filesMax: number, deliveryConcurrency: number, configured: number | null): number {
  const keptMax = Math.max(filesMax - CLIENT_FILES, Math.floor(filesMax / 2));
  const kept = Math.min(attemptsMax(deliveryConcurrency) + OWN_FILES, keptMax);
  const free = filesMax - kept;
  const fitting = Math.max(1, Math.min(Math.floor(free / (1 + EXCESS_SHARE)), free - EXCESS_MIN));
  return Math.min(fitting, configured ?? CONNECTIONS_MAX);
}

/** Returns a warning if `max-connections` is higher than the limit of open files allows, else null. */
export function connectionsProblem(filesMax: number, connectionsMax: number, configured: number | null): string | null {
  if (configured === null || configured <= connectionsMax) return null;
  return `The limit of open files is ${filesMax}, so at most ${connectionsMax} client connections are accepted instead of max-connections ${configured}. Raise the limit (ulimit -n, or LimitNOFILE in systemd).`;
}
