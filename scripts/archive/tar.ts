/** Writes tar archives (POSIX ustar). The same entries always give the same bytes. */

const BLOCK = 512;
const NAME_BYTES_MAX = 100;

export interface TarEntry {
  /** Relative path of at most 100 bytes. A directory ends with a slash and has no content. */
  readonly path: string;
  readonly mode: number;
  /** Number of user and group. Default: 0, which is root. */
  readonly owner?: number;
  readonly content?: Uint8Array;
}

/** Returns the archive. All entries have the same time, in seconds. */
export function tar(entries: readonly TarEntry[], timeSeconds: number): Uint8Array<ArrayBuffer> {
  const blocks = entries.flatMap(({ path, mode, owner = 0, content = new Uint8Array(0) }) => [
    header({ path, mode, owner, bytes: content.length, timeSeconds }),
    content,
    new Uint8Array(-content.length & (BLOCK - 1)),
  ]);
  // An archive ends with two empty blocks.
  return new Uint8Array(Buffer.concat([...blocks, new Uint8Array(2 * BLOCK)]));
}

interface Header {
  readonly path: string;
  readonly mode: number;
  readonly owner: number;
  readonly bytes: number;
  readonly timeSeconds: number;
}

function header({ path, mode, owner, bytes, timeSeconds }: Header): Uint8Array {
  if (Buffer.byteLength(path) > NAME_BYTES_MAX) throw new Error(`The path ${path} is too long for a tar archive.`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number) =>
    block.write(`${value.toString(8).padStart(digits, "0")}\0`, at, "latin1");
  block.write(path, 0);
  octal(mode, 100, 7);
  octal(owner, 108, 7);
  octal(owner, 116, 7);
  octal(bytes, 124, 11);
  octal(timeSeconds, 136, 11);
  block.write(path.endsWith("/") ? "5" : "0", 156);
  block.write("ustar\u000000", 257, "latin1");
  // The sum is computed with spaces in its own place.
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
