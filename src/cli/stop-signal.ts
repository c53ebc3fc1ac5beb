import { constants } from "node:os";

const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;
type StopSignal = (typeof STOP_SIGNALS)[number];

/**
 * A terminal sends Ctrl-C to every process in it, and package runners above this one send it on
 * once more: on a terminal, what follows within this time is the same press of the key.
 */
const SAME_KEY_PRESS_MS = 500;

/**
 * Resolves with the first SIGTERM or SIGINT, also when it comes before anybody waits for it. The
 * second one ends the process at once, with the exit code that shells give to a process that a
 * signal has ended.
 */
export function listenForStop(): Promise<StopSignal> {
  const { promise, resolve } = Promise.withResolvers<StopSignal>();
  let askedAt: number | null = null;
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (askedAt === null) {
        askedAt = performance.now();
        resolve(signal);
      } else if (!isEcho(signal, performance.now() - askedAt)) {
        process.exit(128 + constants.signals[signal]);
      }
    });
  }
  return promise;
}

function isEcho(signal: StopSignal, sinceFirstMs: number): boolean {
  return signal === "SIGINT" && process.stdin.isTTY === true && sinceFirstMs < SAME_KEY_PRESS_MS;
}
