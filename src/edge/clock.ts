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
 * A clock that never steps back: it counts from the start of the process. For code that must not be
 * affected by changes of the system time.
 */
export const steadyClock: Clock = { ...systemClock, now: () => performance.now() };
