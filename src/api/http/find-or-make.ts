/** A thing that somebody asked for, and whether it had to be made for that. */
export interface FoundOrMade<Thing> {
  readonly thing: Thing;
  readonly made: boolean;
}

/**
 * Finds a thing by a name of the caller's, or makes it. Of those who do so at the same time one makes it and the others find
 * it. `make` answers null when the name is taken.
 * @returns Null when the name is taken by something that `find` does not find.
 */
export async function findOrMake<Thing>(
  find: () => Promise<Thing | null>,
  make: () => Promise<Thing | null>,
): Promise<FoundOrMade<Thing> | null> {
  const there = await find();
  if (there !== null) return { thing: there, made: false };
  const made = await make();
  if (made !== null) return { thing: made, made: true };
  const madeMeanwhile = await find();
  return madeMeanwhile === null ? null : { thing: madeMeanwhile, made: false };
}
