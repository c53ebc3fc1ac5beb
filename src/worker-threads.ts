import type { Settings } from "./config/index.ts";
import type { Clock } from "./ports.ts";
import { SandboxPool } from "./sandbox/pool.ts";

/**
 * Starts worker threads. In the executable, their files are entry points beside the main one, so the
 * URLs must be relative to a file in the same directory. See `scripts/build.ts`.
 */

/** Starts a thread for heavy work. */
export function openWorker(): Worker {
  return idleWhenUnused(new Worker(new URL("./worker.ts", import.meta.url).href));
}

/** Starts a thread that copies the write-ahead log of the store to its database. */
export function openCheckpointWorker(): Worker {
  return new Worker(new URL("./checkpoint-worker.ts", import.meta.url).href);
}

/** How much longer the JSON text of a result may be than the largest body that is sent. */
const ENCODED_FACTOR = 2;
const OTHER_FIELDS_CHARS = 256 * 1024;

/** Returns the pool that runs foreign code. It has no threads until it is used. */
export function sandboxFor(
  settings: Pick<Settings, "sandboxTimeoutMs" | "sandboxMemoryBytes" | "sandboxWorkers" | "maxBodyBytes">,
  clock: Clock,
): SandboxPool {
  const { sandboxTimeoutMs: timeoutMs, sandboxMemoryBytes: memoryBytesMax, sandboxWorkers: workersMax } = settings;
  const outputCharsMax = settings.maxBodyBytes * ENCODED_FACTOR + OTHER_FIELDS_CHARS;
  return new SandboxPool(clock, { timeoutMs, memoryBytesMax, outputCharsMax, workersMax }, openSandboxWorker);
}

/** Starts a thread for foreign code. */
export function openSandboxWorker(): Worker {
  return idleWhenUnused(new Worker(new URL("./sandbox-worker.ts", import.meta.url).href));
}

/** Keeps an idle thread from delaying the exit. The types of browsers lack this method. */
function idleWhenUnused(worker: Worker): Worker {
  (worker as unknown as { unref(): void }).unref();
  return worker;
}
