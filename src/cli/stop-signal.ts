import { constants } from "node:os";

const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;
type StopSignal = (typeof STOP_SIGNALS)[number];

/**
 * On a terminal, two SIGINTs within this time are the same press of Ctrl-C: the terminal sends the
 * signal to every process, and package runners forward it again.
 */
const SAME_KEY_PRESS_MS = 500;

/**
 * Resolves with the first SIGTERM or SIGINT. A second signal exits immediately with the exit code
 * that shells use for a process killed by that signal.
 */
export function listenForStop(): Promise<StopSignal> {
  const { promise, resolve } = Promise.withResolvers<StopSignal>();
  let firstAt: number | null = null;
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (firstAt === null) {
        firstAt = performance.now();
        resolve(signal);
      } else if (!isEcho(signal, performance.now() - firstAt)) {
        process.exit(128 + constants.signals[signal]);
      }
    });
  }
  return promise;
}

function isEcho(signal: StopSignal, sinceFirstMs: number): boolean {
  return signal === "SIGINT" && process.stdin.isTTY === true && sinceFirstMs < SAME_KEY_PRESS_MS;
}
