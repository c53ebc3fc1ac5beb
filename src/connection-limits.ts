import type { Settings } from "./config/index.ts";
import { connectionsMaxFor, connectionsProblem } from "./core/connection-limit.ts";
import { openFilesProblem } from "./core/shortage.ts";
import type { ConnectionLimits } from "./edge/client-connections.ts";
import { openFilesMax } from "./edge/open-files.ts";
import type { Log } from "./telemetry/log.ts";

/** Returns the limits of client connections. Warns if the limit of open files is too low. */
export function connectionLimits(
  { deliveryConcurrency, connectionsMax: configured }: Settings,
  log: Log,
): ConnectionLimits {
  const filesMax = openFilesMax();
  if (filesMax === null) return { filesMax, connectionsMax: Number.POSITIVE_INFINITY };
  const connectionsMax = connectionsMaxFor(filesMax, deliveryConcurrency, configured);
  const problems = [
    openFilesProblem(filesMax, deliveryConcurrency),
    connectionsProblem(filesMax, connectionsMax, configured),
  ];
  for (const problem of problems) if (problem !== null) log.warn({ openFilesMax: filesMax }, problem);
  return { filesMax, connectionsMax };
}

/** Logs that the number of client connections has passed its limit, in either direction. */
export function logConnections({ connectionsMax }: ConnectionLimits, isOver: boolean, log: Log): void {
  if (!isOver) log.info({ connectionsMax }, "Client connections are below the limit again.");
  else log.warn({ connectionsMax }, "Too many client connections are open. Idle ones are closed and new ones refused.");
}
