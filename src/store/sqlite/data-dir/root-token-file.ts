import { existsSync, unlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { openError } from "../open-error.ts";
import { systemFiles, writeDurably } from "./durable-file.ts";

const ROOT_TOKEN_FILE = "root-token";

/**
 * Returns the absolute path of the file to which a first start without a terminal writes the root
 * token.
 */
export function rootTokenFileOf(dataDir: string): string {
  return resolve(join(dataDir, ROOT_TOKEN_FILE));
}

/**
 * Writes the token and a newline to the file, which gets mode 0600. Throws `StartError` if this
 * fails.
 */
export function writeRootTokenFile(dataDir: string, token: string): void {
  try {
    writeDurably(systemFiles, rootTokenFileOf(dataDir), `${token}\n`);
  } catch (error) {
    throw openError(error, dataDir);
  }
}

/** Removes the file if it exists, because its token is no longer valid. */
export function removeRootTokenFile(dataDir: string): void {
  const path = rootTokenFileOf(dataDir);
  if (!existsSync(path)) return;
  unlinkSync(path);
  systemFiles.sync(dataDir);
}
