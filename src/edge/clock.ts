import type { Clock } from "../ports.ts";

export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  soon: (task) => {
    setImmediate(task);
  },
};

/**
 * A clock that never steps back, because it counts from the start of the process. Use it for code
 * that must not be affected by changes of the system time.
 */
export const steadyClock: Clock = { ...systemClock, now: () => performance.now() };
