/** The file of `key rotate --to-file`. */
import { existsSync, realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { StartError } from "../../../core/start-error.ts";
import type { KeyBox } from "../../sql/secret-box.ts";
import { codeOf } from "../data-dir/disk-error.ts";
import { type Files, writeDurably } from "../data-dir/durable-file.ts";
import { keysInFile } from "./key-file.ts";

/** Throws `StartError` unless a new file can be created at the path, outside of the data directory if there is one. */
export function refuseTargetFile(path: string, dataDir: string | null): void {
  const directory = dirname(resolve(path));
  if (existsSync(path)) throw new StartError(`${path} already exists. Give the path of a new file.`);
  if (!existsSync(directory)) throw new StartError(`The directory ${directory} does not exist. Create it first.`);
  if (dataDir === null || realpathSync(directory) !== realpathSync(dataDir)) return;
  throw new StartError(
    `${path} is in the data directory. Give a path elsewhere, or omit --to-file to replace the key file.`,
  );
}

/** Writes the key to the file with mode 0600, unless the file has the key. */
export function writeTargetFile(path: string, { hex }: KeyBox, files: Files): void {
  try {
    if (!existsSync(path)) writeDurably(files, path, `${hex}\n`);
    if (keysInFile(path)[0] === hex) return;
  } catch (error) {
    if (codeOf(error) === "") throw error;
    throw new StartError(
      `The file ${path} cannot be written (${codeOf(error)}). The rotation has begun: repeat the command with another path.`,
    );
  }
  throw new StartError(
    `${path} contains something other than the new key. The rotation has begun: repeat the command with another path.`,
  );
}
