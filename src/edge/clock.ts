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
 * A clock that never steps back, because it counts from the start of the process. It is for code
 * that changes of the system time must not affect.
 */
export const steadyClock: Clock = { ...systemClock, now: () => performance.now() };
