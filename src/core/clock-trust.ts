const DAY_MS = 86_400_000;

/** Largest plausible step of the clock beyond the newest known time, in ms. */
const PLAUSIBLE_STEP_MS = DAY_MS;
/** Time after which a clock that has jumped ahead is trusted, in ms. */
const DOUBT_MS = DAY_MS;

/** The known facts about the wall clock. All times are of the wall clock. */
export interface ClockTrust {
  /** The latest time at which the clock was trusted. */
  readonly trustedAt: number;
  /** The latest time that was seen. */
  readonly seenAt: number;
  /**
   * Time since which the clock has been ahead without another jump. Null if the clock is trusted.
   */
  readonly doubtedSince: number | null;
}

export function trusted(now: number): ClockTrust {
  return { trustedAt: now, seenAt: now, doubtedSince: null };
}

/**
 * Returns the updated trust after the clock has been read. A clock that is more than a day ahead of
 * the newest known time is doubted until it has been ahead for a day or is set back.
 */
export function afterReading(before: ClockTrust, now: number): ClockTrust {
  const { trustedAt, seenAt, doubtedSince } = before;
  if (now - trustedAt <= PLAUSIBLE_STEP_MS) return trusted(now);
  const hasJumped = doubtedSince === null || now < doubtedSince || now - seenAt > PLAUSIBLE_STEP_MS;
  if (hasJumped) return { trustedAt, seenAt: now, doubtedSince: now };
  if (now - doubtedSince >= DOUBT_MS) return trusted(now);
  return { trustedAt, seenAt: now, doubtedSince };
}

/** Returns whether the clock must not be used to decide what is old. */
export function isDoubted(trust: ClockTrust, now: number): boolean {
  return afterReading(trust, now).doubtedSince !== null;
}
