/** A steady pace as a plain value: up to which instant (ms) it has been kept, and what was owed then beyond whole ones. */
export interface Pace {
  readonly at: number;
  readonly owed: number;
}

export interface Advanced {
  /** How many are to go now, at most `stepMax`. */
  readonly count: number;
  readonly pace: Pace;
}

export interface PaceLimits {
  /** Between two steps, unless even one is less than whole by then. */
  readonly stepMsMax: number;
  /** In one step. */
  readonly stepMax: number;
}

/** Sums of fractions fall short of whole numbers by rounding errors; this much short is enough. */
const ROUNDING = 1e-6;

/**
 * How long to rest between two steps at a rate of more than 0 a second, in whole ms: `stepMsMax`, less where a step would
 * otherwise be of more than half of `stepMax`, and more where it would be of less than one.
 */
export function stepMs(ratePerSecond: number, { stepMsMax, stepMax }: PaceLimits): number {
  const ofOneMs = Math.ceil(1000 / ratePerSecond);
  return Math.max(ofOneMs, Math.min(stepMsMax, Math.floor((stepMax * 500) / ratePerSecond)), 1);
}

/** A pace whose first step is due at once. */
export function paceFrom(now: number, ratePerSecond: number, limits: PaceLimits): Pace {
  return { at: now - stepMs(ratePerSecond, limits), owed: 0 };
}

/**
 * What falls due up to now. A step that comes late is made up for by a larger one, up to twice its size: what was missed in a
 * longer break is not, so no break ends in a burst. When the clock steps back, the pace goes on from there.
 */
export function advance({ at, owed }: Pace, ratePerSecond: number, now: number, limits: PaceLimits): Advanced {
  const elapsedMs = Math.min(Math.max(0, now - at), 2 * stepMs(ratePerSecond, limits));
  const due = owed + (elapsedMs * ratePerSecond) / 1000;
  const count = Math.min(limits.stepMax, Math.max(0, Math.floor(due + ROUNDING)));
  return { count, pace: { at: now, owed: Math.min(1, due - count) } };
}
