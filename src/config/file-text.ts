import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";

/** Maximum size of a configuration file that is read again, in bytes. */
const RELOAD_BYTES_MAX = 1024 * 1024;

/**
 * Returns the text of a configuration file. At the start, the file may be a pipe, such as the
 * `<(…)` of a shell. Throws the error of the system call if the file cannot be read.
 */
export function firstText(path: string): string {
  return readFileSync(path, "utf8");
}

/**
 * Returns the text of a configuration file that a running server reads again, or the problem of the
 * file, to be put after its name in a sentence. Never waits for another process. A pipe was drained
 * at the start, and a file that is being written may be empty; reading either as settings would
 * reset every setting of the file. Throws the error of the system call if the file cannot be read.
 */
export function textAgain(path: string): { readonly text: string } | { readonly problem: string } {
  // Opening a FIFO without a writer waits, except with O_NONBLOCK. Windows has no such flag.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(file).isFile()) return { problem: "is not a regular file" };
    const bytes = readUpTo(file, RELOAD_BYTES_MAX + 1);
    if (bytes.length > RELOAD_BYTES_MAX) return { problem: "is larger than 1 MiB" };
    const text = bytes.toString("utf8");
    return text.trim() === "" ? { problem: "is empty" } : { text };
  } finally {
    closeSync(file);
  }
}

function readUpTo(file: number, bytesMax: number): Buffer {
  const buffer = Buffer.alloc(bytesMax);
  let length = 0;
  while (length < bytesMax) {
    const count = readSync(file, buffer, length, bytesMax - length, null);
    if (count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}
