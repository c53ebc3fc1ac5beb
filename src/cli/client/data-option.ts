import { readFileSync } from "node:fs";
import { utf8OrNull } from "../../core/text.ts";
import { CommandFailed } from "../exit-code.ts";
import { bytesOfStdin } from "./stdin.ts";

const STDIN = "-";
/** Maximum size of the data on stdin, in bytes. By default, servers accept only smaller payloads. */
const BYTES_MAX = 256 * 1024 * 1024;

/** Returns the text of a file, or of stdin for `-`. Throws `CommandFailed` if it cannot be read. */
export async function textOfData(file: string): Promise<string> {
  const name = nameOf(file);
  let bytes: Uint8Array;
  try {
    bytes = file === STDIN ? await bytesOfStdin(BYTES_MAX) : readFileSync(file);
  } catch (error) {
    if (error instanceof CommandFailed) throw error;
    throw new CommandFailed(`The data in ${name} cannot be read (${(error as Error).message}).`);
  }
  const text = utf8OrNull(bytes);
  if (text === null) throw new CommandFailed(`The data in ${name} is not UTF-8 text.`);
  return text;
}

/** Returns the data as JSON text. Throws `CommandFailed` if it is not JSON. */
export async function jsonOfData(file: string): Promise<string> {
  const text = await textOfData(file);
  try {
    JSON.parse(text);
  } catch {
    throw new CommandFailed(`The data in ${nameOf(file)} is not valid JSON.`);
  }
  return text;
}

function nameOf(file: string): string {
  return file === STDIN ? "stdin" : file;
}
