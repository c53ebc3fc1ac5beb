import { randomBytes } from "node:crypto";
import { StartError } from "../../../core/start-error.ts";
import { counted } from "../../../core/text.ts";
import { KeyBox } from "../../sql/secret-box.ts";
import { Database, type Queries } from "../connection/database.ts";
import { readMeta, writeMeta } from "../housekeeping/meta.ts";
import { EVICT_EXPIRED } from "../instances/instance-row.ts";
import { migrate } from "../schema/migrate.ts";
import { FINGERPRINT, type KeyState, keyStateOf, PREVIOUS_KEY, previousKeyBox } from "./keys.ts";
import { openLinkKey, PAYLOAD_LINK_KEY } from "./link-key.ts";
import { resealAll } from "./reseal.ts";
import { sealedHex } from "./sealed-meta.ts";

export interface RotationRequest {
  readonly url: string;
  /** The configured key, as 64 hex digits. */
  readonly configured: string;
  /** The new key, as 64 hex digits. Null generates one. */
  readonly newKey: string | null;
  /** Called before a new key is made. May throw `StartError`. */
  readonly beforeBegin: () => void;
  /** Stores a new key elsewhere, before anything is sealed with it. */
  readonly keep: (key: KeyBox) => void;
  /** Called when instances may be started with the new key. */
  readonly onBegun: () => void;
}

export interface Rotation {
  /** Number of values that this call has sealed with the new key. */
  readonly resealed: number;
  /** The present key. */
  readonly key: KeyBox;
}

/**
 * Replaces the encryption key and seals all values with the new one. If an earlier rotation was
 * interrupted, finishes that one instead.
 *
 * 1. While no instance runs, one commit makes the new key the present one. It contains the old key sealed
 *    with the new one. From this commit on, instances with the new key can start: they seal with it, and
 *    open with both.
 * 2. All values are sealed again, in small commits.
 * 3. One commit removes the sealed old key.
 *
 * Throws `StartError` if the key cannot be rotated, or if a value cannot be opened with any key.
 */
export async function rotateKey({ url, configured, newKey, ...hooks }: RotationRequest): Promise<Rotation> {
  const database = new Database({ url, prepare: false });
  try {
    await migrate(database, false);
    const state = await keyStateOf(database);
    const known = [configured, ...(newKey === null ? [] : [newKey])].map((hex) => new KeyBox(hex));
    const present = presentKeyOf(state, known);
    const key = state.previous === null ? nextKey(present, newKey) : present;
    if (key !== present) {
      await requireNoInstance(database);
      hooks.beforeBegin();
      hooks.keep(key);
      await begin(database, present, key);
    }
    hooks.onBegun();
    return { resealed: await finish(database, key), key };
  } finally {
    await database.close();
  }
}

/** Returns the key to rotate to, or the present key if it is the new one already. */
function nextKey(present: KeyBox, newKey: string | null): KeyBox {
  const key = new KeyBox(newKey ?? randomBytes(32).toString("hex"));
  return key.fingerprint === present.fingerprint ? present : key;
}

function presentKeyOf({ fingerprint }: KeyState, known: readonly KeyBox[]): KeyBox {
  const found = known.find((key) => key.fingerprint === fingerprint);
  if (found !== undefined) return found;
  throw new StartError(
    "The encryption key does not match the data. Set encryption-key (BOATHOOK_ENCRYPTION_KEY) to the key of the instances.",
  );
}

/** Step 1. Processes that want a row of `instance` wait, and then find the new key. */
async function begin(database: Database, from: KeyBox, to: KeyBox): Promise<void> {
  await database.inTransaction(async (queries) => {
    await queries.run("LOCK TABLE instance IN EXCLUSIVE MODE");
    await requireNoInstance(queries);
    const { fingerprint } = await keyStateOf(queries);
    if (fingerprint !== from.fingerprint) throw new StartError("Another command has just replaced the encryption key.");
    // Before the key of links is read: a process that is about to store one has locked this row.
    await writeMeta(queries, FINGERPRINT, to.fingerprint);
    await writeMeta(queries, PREVIOUS_KEY, sealedHex(to, from.hex));
    const link = await readMeta(queries, PAYLOAD_LINK_KEY);
    if (link !== null) await writeMeta(queries, PAYLOAD_LINK_KEY, sealedHex(to, openLinkKey(from, link)));
  });
}

/** Evicts the processes whose lease has expired. Throws `StartError` if others use the database. */
async function requireNoInstance(queries: Queries): Promise<void> {
  await queries.run(EVICT_EXPIRED);
  const { count } = (await queries.first<{ count: number }>("SELECT count(*) AS count FROM instance WHERE held"))!;
  if (count === 0) return;
  throw new StartError(
    `${counted(count, "process", "processes")} still ${count === 1 ? "uses" : "use"} the database. Stop all instances, then try again. One that was killed counts until its lease ends.`,
  );
}

/** Steps 2 and 3. Returns the number of values that were sealed again. */
async function finish(database: Database, to: KeyBox): Promise<number> {
  const { previous } = await keyStateOf(database);
  if (previous === null) return 0;
  const { count, unreadable } = await resealAll(database, { from: previousKeyBox(to, previous), to });
  if (unreadable.size > 0) {
    const where = [...unreadable].map(([table, rows]) => `${rows} in the table ${table}`).join(", ");
    throw new StartError(
      `Some values cannot be opened with any key: ${where}. All others were rewritten with the new key, and the old key stays valid. Restore a backup, or delete what these values belong to, then try again.`,
    );
  }
  await database.inTransaction(async (queries) => {
    await queries.run("DELETE FROM meta WHERE name = $1 AND value = $2", [PREVIOUS_KEY, previous]);
  });
  return count;
}
