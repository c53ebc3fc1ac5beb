import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../../../core/start-error.ts";
import { KeyBox } from "../../sql/secret-box.ts";
import { type Files, writeDurably } from "../data-dir/durable-file.ts";

const KEY_FILE = "encryption.key";

/** The key that a rotation has made and that has not become the key file yet. */
export function newKeyFileOf(dataDir: string): string {
  return `${keyFileOf(dataDir)}.new`;
}

/** The key that a rotation has made for the setting, sealed with the key before it. */
export function handedOverFileOf(dataDir: string): string {
  return `${keyFileOf(dataDir)}.sealed`;
}

/** Earlier keys, one per line, the newest first. Backups from before a rotation need them. */
export function oldKeyFileOf(dataDir: string): string {
  return `${keyFileOf(dataDir)}.old`;
}

export function keyFileOf(dataDir: string): string {
  return join(dataDir, KEY_FILE);
}

/** Returns whether the directory contains a key file with a key in it. */
export function hasKeyFile(dataDir: string): boolean {
  return keyOf(dataDir) !== null;
}

/** Returns the key in the key file as 64 hex digits, or null if there is no usable key file. */
export function keyOf(dataDir: string): string | null {
  return existsSync(keyFileOf(dataDir)) ? keyIn(dataDir) : null;
}

/** The keys that this process knows. One of them is the present key. */
export interface KnownKeys {
  /** The configured key, or those in the key files. There may be two during a rotation. */
  readonly direct: readonly KeyBox[];
  /** A new key that was opened with one of the others. */
  readonly handedOver: readonly KeyBox[];
}

export function knownKeys(dataDir: string, configured: string | null): KnownKeys {
  const paths = [keyFileOf(dataDir), newKeyFileOf(dataDir)].filter(existsSync);
  const keys = configured === null ? paths.flatMap(keysInFile) : [configured];
  const direct = keys.map((hex) => new KeyBox(hex));
  return { direct, handedOver: handedOverKeys(dataDir, direct) };
}

function handedOverKeys(dataDir: string, known: readonly KeyBox[]): readonly KeyBox[] {
  const path = handedOverFileOf(dataDir);
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return [];
  const sealed = Buffer.from(readFileSync(path, "utf8").trim(), "hex");
  return known.flatMap((box) => {
    const hex = box.openOrNull(sealed);
    return hex === null ? [] : [new KeyBox(hex)];
  });
}

/**
 * Stores a new key in a file, sealed with the one before it. A server whose setting still has the old
 * key gets the new one from there.
 */
export function handOver(dataDir: string, from: KeyBox, to: KeyBox, files: Files): void {
  writeDurably(files, handedOverFileOf(dataDir), `${Buffer.from(from.seal(to.hex)).toString("hex")}\n`);
}

/** Removes the file of `handOver`, because the server has the new key. */
export function removeHandedOver(dataDir: string, files: Files): void {
  if (!existsSync(handedOverFileOf(dataDir))) return;
  rmSync(handedOverFileOf(dataDir));
  files.sync(dataDir);
}

/**
 * Returns the known keys like `knownKeys`. If nothing has been encrypted yet, a missing or unusable
 * key file is replaced with a new one, which is on disk when this returns. Otherwise, throws
 * `StartError` if there is no usable key.
 */
export function encryptionKeys(
  dataDir: string,
  configured: string | null,
  { isUsed, files }: { readonly isUsed: boolean; readonly files: Files },
): KnownKeys {
  const known = knownKeys(dataDir, configured);
  if (known.direct.length > 0) return known;
  const path = keyFileOf(dataDir);
  if (isUsed) {
    const stat = statSync(path, { throwIfNoEntry: false });
    const present = stat?.isFile() ? "does not contain 64 hex digits" : "is not a regular file";
    const problem = stat === undefined ? "is missing" : present;
    throw new StartError(
      `The key file ${path} ${problem}, but the directory contains data. Restore the original file or set encryption-key (BOATHOOK_ENCRYPTION_KEY).`,
    );
  }
  const made = randomBytes(32).toString("hex");
  writeDurably(files, path, `${made}\n`);
  return { direct: [new KeyBox(made)], handedOver: [] };
}

/** Returns the key in the key file, or null if the file contains no key. */
function keyIn(dataDir: string): string | null {
  return keysInFile(keyFileOf(dataDir))[0] ?? null;
}

/**
 * Returns the keys in a file, one per line. Returns none if the file contains anything else, or is
 * not a regular file. Throws if it cannot be read.
 */
export function keysInFile(path: string): readonly string[] {
  // Reading a pipe would wait for a process that writes to it.
  if (!statSync(path).isFile()) return [];
  const lines = readFileSync(path, "utf8")
    .trim()
    .split(/\s*\n\s*/);
  return lines.every((line) => /^[0-9a-f]{64}$/i.test(line)) ? lines : [];
}
