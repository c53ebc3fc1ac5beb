import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../../core/start-error.ts";
import { type Files, writeDurably } from "./durable-file.ts";

const KEY_FILE = "encryption.key";

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

/**
 * Returns the 32-byte key that encrypts secrets at rest: the configured key, or the key in the key
 * file. If nothing has been encrypted yet, a missing or unusable key file is replaced with a new
 * one, which is on disk when this returns. Otherwise, throws `StartError` if the key file is
 * missing or unusable.
 */
export function encryptionKey(
  dataDir: string,
  configured: string | null,
  { isUsed, files }: { readonly isUsed: boolean; readonly files: Files },
): Uint8Array {
  if (configured !== null) return Buffer.from(configured, "hex");
  const path = keyFileOf(dataDir);
  const known = keyOf(dataDir);
  if (known !== null) return Buffer.from(known, "hex");
  if (isUsed) {
    const problem = existsSync(path) ? "does not contain 64 hex digits" : "is missing";
    throw new StartError(
      `The key file ${path} ${problem}, but the directory contains data. Restore the original file or set encryption-key (BOATHOOK_ENCRYPTION_KEY).`,
    );
  }
  const made = randomBytes(32).toString("hex");
  writeDurably(files, path, `${made}\n`);
  return Buffer.from(made, "hex");
}

/** Returns the key in the key file, or null if the file contains no key. */
function keyIn(dataDir: string): string | null {
  return keyInFile(keyFileOf(dataDir));
}

/** Returns the key in a file, or null if the file contains no key. Throws if it cannot be read. */
export function keyInFile(path: string): string | null {
  const text = readFileSync(path, "utf8").trim();
  return /^[0-9a-f]{64}$/i.test(text) ? text : null;
}
