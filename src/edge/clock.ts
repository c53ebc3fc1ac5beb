import type { Clock } from "../ports.ts";

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  soon: (task) => {
    setImmediate(task);
  },
};

/**
 * A clock that never steps back: it counts from the start of the process. Use it where a change of
 * the system time must do no harm.
 */
export const steadyClock: Clock = { ...systemClock, now: () => performance.now() };
