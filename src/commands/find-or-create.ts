/** A record, and whether this call created it. */
export interface FoundOrCreated<Value> {
  readonly value: Value;
  readonly created: boolean;
}

/**
 * Finds a record by a unique name or creates it. If several calls run concurrently, one creates the
 * record and the others find it. `create` returns null if the name is taken. The result is null if
 * the name belongs to a record that `find` does not find.
 */
export async function findOrCreate<Value>(
  find: () => Promise<Value | null>,
  create: () => Promise<Value | null>,
): Promise<FoundOrCreated<Value> | null> {
  const found = await find();
  if (found !== null) return { value: found, created: false };
  const created = await create();
  if (created !== null) return { value: created, created: true };
  const createdByOthers = await find();
  return createdByOthers === null ? null : { value: createdByOthers, created: false };
}
