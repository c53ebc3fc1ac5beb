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

/** For what must not go wrong when the time of the machine is set: counts from the start of the process, and never steps back. */
export const steadyClock: Clock = { ...systemClock, now: () => performance.now() };
