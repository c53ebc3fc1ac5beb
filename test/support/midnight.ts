const DAY_MS = 86_400_000;

/** Waits for the next day in UTC if it begins within half a minute, because the counts of a day end with it. */
export async function awayFromMidnight(): Promise<void> {
  const left = DAY_MS - (Date.now() % DAY_MS);
  if (left < 30_000) await Bun.sleep(left);
}
