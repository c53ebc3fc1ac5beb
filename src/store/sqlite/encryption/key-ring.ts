import type { Database } from "bun:sqlite";
import { StartError } from "../../../core/start-error.ts";
import { KeyBox, type SecretBox } from "../../sql/secret-box.ts";
import type { KnownKeys } from "./key-file.ts";
import { type FoundKey, findPresentKey, type KeyState, keyStateOf, storeFirstKey } from "./key-state.ts";

/**
 * The keys of a data directory. Seals with the present key. Opens also what the previous key has
 * sealed, while a rotation by another process has not rewritten it.
 *
 * Each `seal` checks whether another process has committed since the last check. Because `seal` runs
 * within the transaction that stores its result, no value is sealed with the old key after the
 * commit that begins a rotation.
 */
class KeyRing implements SecretBox {
  #present: KeyBox;
  #others: readonly KeyBox[] = [];
  #seenVersion: number;
  readonly #version: () => number;

  /** `present` must fit the database. `readKeys` returns the keys of the setting or the key files. */
  constructor(
    private readonly db: Database,
    present: KeyBox,
    private readonly readKeys: () => KnownKeys,
  ) {
    const version = db.prepare<{ data_version: number }, []>("PRAGMA data_version");
    this.#version = () => version.get()!.data_version;
    this.#present = present;
    this.#seenVersion = this.#version();
    this.#take(keyStateOf(db));
  }

  seal(text: string): Uint8Array {
    this.refresh();
    return this.#present.seal(text);
  }

  open(sealed: Uint8Array): string {
    const opened = this.#openWithKnown(sealed);
    if (opened !== null) return opened;
    this.refresh();
    return this.#openWithKnown(sealed) ?? this.#present.open(sealed);
  }

  /** Learns a new key if another process has begun a rotation. */
  refresh(): void {
    const version = this.#version();
    if (version === this.#seenVersion) return;
    this.#take(keyStateOf(this.db));
    this.#seenVersion = version;
  }

  #openWithKnown(sealed: Uint8Array): string | null {
    for (const box of [this.#present, ...this.#others]) {
      const opened = box.openOrNull(sealed);
      if (opened !== null) return opened;
    }
    return null;
  }

  #take(state: KeyState): void {
    const known = [this.#present, ...this.#others];
    const isPresent = (box: KeyBox) => box.fingerprint === state.fingerprint;
    const present = known.find(isPresent) ?? findPresentKey(state, this.readKeys())?.box;
    if (present === undefined) throw new Error("The encryption key was changed, and the new one is not known.");
    const previous = state.previous === null ? null : present.openOrNull(state.previous);
    const boxes = [...known, ...(previous === null ? [] : [new KeyBox(previous)])];
    this.#others = boxes.filter(
      ({ fingerprint }, index) =>
        fingerprint !== present.fingerprint && boxes.findIndex((box) => box.fingerprint === fingerprint) === index,
    );
    this.#present = present;
  }
}

/** Returns the present key of a database. Throws `StartError` if no known key fits. */
export function presentKeyOf(state: KeyState, known: KnownKeys): FoundKey {
  const found = findPresentKey(state, known);
  if (found !== null) return found;
  throw new StartError(
    "The encryption key does not match the data. Restore the original key (encryption-key, or the file encryption.key in the data directory).",
  );
}

/**
 * Opens the keys of a database. The first of the known keys becomes the key of a new database. Throws
 * `StartError` if no known key fits.
 */
export function openKeyRing(
  db: Database,
  known: KnownKeys,
  readKeys: () => KnownKeys = () => known,
): { readonly ring: KeyRing } & Pick<FoundKey, "isHandedOver"> {
  storeFirstKey(db, known.direct[0]!);
  const { box, isHandedOver } = presentKeyOf(keyStateOf(db), known);
  return { ring: new KeyRing(db, box, readKeys), isHandedOver };
}
