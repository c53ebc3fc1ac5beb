/**
 * Starts worker threads. In the executable, their files are entry points beside the main one, so the
 * URLs must be relative to a file in the same directory. See `scripts/build.ts`.
 */

/** Starts a thread for heavy work. */
export function openWorker(): Worker {
  return idleWhenUnused(new Worker(new URL("./worker.ts", import.meta.url).href));
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
