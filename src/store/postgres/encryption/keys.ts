import { StartError } from "../../../core/start-error.ts";
import { StoreUnavailable } from "../../index.ts";
import { KeyBox, type SecretBox } from "../../sql/secret-box.ts";
import type { Database, Queries } from "../connection/database.ts";
import { once } from "../housekeeping/meta.ts";
import { openKey } from "./sealed-meta.ts";

/** Identifies the key that seals new values. */
export const FINGERPRINT = "encryption-key-fingerprint";
/**
 * The key before the present one, sealed with the present one, while a rotation has not finished: some
 * values may still be sealed with it.
 */
export const PREVIOUS_KEY = "encryption-key-previous";

/** The rows of the table "meta" about the encryption key. */
export interface KeyState {
  /** Null if nothing is encrypted yet. */
  readonly fingerprint: string | null;
  /** The key before the present one, as it is stored. */
  readonly previous: string | null;
}

export async function keyStateOf(queries: Queries): Promise<KeyState> {
  const rows = await queries.all<{ name: string; value: string }>(
    "SELECT name, value FROM meta WHERE name IN ($1, $2)",
    [FINGERPRINT, PREVIOUS_KEY],
  );
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  return { fingerprint: values.get(FINGERPRINT) ?? null, previous: values.get(PREVIOUS_KEY) ?? null };
}

/** Opens the key before the present one. Throws `StartError` if it is damaged. */
export const previousKeyBox = (present: KeyBox, previous: string): KeyBox =>
  new KeyBox(openKey(present, PREVIOUS_KEY, previous));

/**
 * What encrypts secrets at rest. Opens also what the previous key has sealed, because a rotation may
 * still be rewriting it. A rotation begins only while no instance runs, so the present key never changes.
 */
export class Keys implements SecretBox {
  private constructor(
    private readonly database: Database,
    private readonly present: KeyBox,
    private readonly previous: KeyBox | null,
  ) {}

  /** The first instance stores the fingerprint of its key. Throws `StartError` if another key is in use. */
  static async open(database: Database, encryptionKey: string): Promise<Keys> {
    const present = new KeyBox(encryptionKey);
    // Both values come from one query, because a rotation replaces them together.
    let state = await keyStateOf(database);
    if (state.fingerprint === null) {
      await once(database, FINGERPRINT, () => present.fingerprint);
      state = await keyStateOf(database);
    }
    const { fingerprint, previous } = state;
    if (fingerprint !== present.fingerprint) {
      throw new StartError(
        "The secrets in the PostgreSQL database are encrypted with another key. Set `encryption-key` to the key of the other instances.",
      );
    }
    return new Keys(database, present, previous === null ? null : previousKeyBox(present, previous));
  }

  seal(text: string): Uint8Array {
    return this.present.seal(text);
  }

  open(sealed: Uint8Array): string {
    const opened = this.previous === null ? null : this.present.openOrNull(sealed);
    if (opened !== null) return opened;
    return this.previous?.openOrNull(sealed) ?? this.present.open(sealed);
  }

  /**
   * Lets no rotation begin before the end of a transaction. Throws `StartError` if the key was replaced since this
   * process has begun to start.
   */
  async keepPresent(queries: Queries): Promise<void> {
    const row = await queries.first<{ value: string }>("SELECT value FROM meta WHERE name = $1 FOR SHARE", [
      FINGERPRINT,
    ]);
    if (row?.value === this.present.fingerprint) return;
    throw new StartError(replacedWhile("this process was starting"));
  }

  /** Rejects with `StoreUnavailable` if the key was replaced while this process had no row of `instance`. */
  async check(): Promise<void> {
    const { fingerprint } = await keyStateOf(this.database.lease);
    if (fingerprint === this.present.fingerprint) return;
    throw new StoreUnavailable(replacedWhile("this process was starting or suspended"));
  }
}

const replacedWhile = (when: string): string =>
  `The encryption key of the database was replaced while ${when}. Set encryption-key to the new key and restart the server.`;
