import { chmod } from "node:fs/promises";

/**
 * Environment variables that Bun obeys before the program runs, so that the program cannot remove
 * them. `src/cli/runtime-variables.ts` has the list of all variables that the program ignores.
 */
const OBEYED_EARLY = [
  "BUN_BE_BUN",
  "BUN_OPTIONS",
  "BUN_CONFIG_VERBOSE_FETCH",
  "BUN_INSPECT",
  "BUN_INSPECT_CONNECT_TO",
  "BUN_INSPECT_PRELOAD",
] as const;

/**
 * Writes a copy of the Bun runtime that does not know these variables. Bun has no option for that,
 * so the first byte of each name is replaced with NUL, which no variable's name contains. Throws if
 * the runtime does not contain a name, because this version of Bun must then read that variable in
 * another way.
 */
export async function writeSealedRuntime(runtime: string, sealed: string): Promise<void> {
  const bytes = Buffer.from(await Bun.file(runtime).arrayBuffer());
  for (const name of OBEYED_EARLY) {
    const places = placesOf(bytes, name);
    if (places.length === 0) throw new Error(`The runtime ${runtime} does not contain the name ${name}.`);
    for (const place of places) bytes[place] = 0;
  }
  await Bun.write(sealed, bytes);
  await chmod(sealed, 0o755);
}

/** Returns the offsets of the name, except where it is the beginning of a longer name. */
function placesOf(bytes: Buffer, name: string): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(name); at !== -1; at = bytes.indexOf(name, at + name.length)) {
    if (bytes[at + name.length] !== "_".charCodeAt(0)) places.push(at);
  }
  return places;
}
