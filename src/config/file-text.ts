import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs";

/** Maximum size of a configuration file that is read again, in bytes. */
const RELOAD_BYTES_MAX = 1024 * 1024;

export type ConfigurationText = { readonly text: string } | { readonly problem: string };

/** How long to wait for a process that opens a pipe for writing, in ms. */
const PIPE_OPENED_MS = 1000;
/** How long to wait for the end of a pipe that a process has opened, in ms. */
const PIPE_ENDED_MS = 60_000;
const PIPE_POLL_MS = 10;

/**
 * Returns the text of a configuration file at the start, or the problem of the file, to be put after
 * its name in a sentence. The file may be a pipe, such as the `<(…)` of a shell. Throws the error of
 * the system call if the file cannot be read.
 */
export function firstText(path: string): ConfigurationText {
  if (!statSync(path).isFIFO()) return { text: readFileSync(path, "utf8") };
  const pipe = openWithoutWaiting(path);
  try {
    return textOfPipe(pipe);
  } finally {
    closeSync(pipe);
  }
}

/** Reads a pipe to its end. Opening or reading it without a writer would wait forever. */
function textOfPipe(pipe: number): ConfigurationText {
  const begun = performance.now();
  const parts: Buffer[] = [];
  let isOpened = false;
  for (;;) {
    const part = nextOf(pipe);
    isOpened ||= part === null || part.length > 0;
    if (part !== null && part.length > 0) {
      parts.push(part);
      continue;
    }
    if (part !== null && isOpened) return { text: Buffer.concat(parts).toString("utf8") };
    const waited = performance.now() - begun;
    if (!isOpened && waited > PIPE_OPENED_MS) return { problem: "is a pipe to which no process writes" };
    if (waited > PIPE_ENDED_MS) return { problem: "is a pipe that its writer has not closed within a minute" };
    Bun.sleepSync(PIPE_POLL_MS);
  }
}

/** Returns the next bytes, none at the end or without a writer, or null if a writer has not written yet. */
function nextOf(pipe: number): Buffer | null {
  const buffer = Buffer.alloc(64 * 1024);
  try {
    return buffer.subarray(0, readSync(pipe, buffer, 0, buffer.length, null));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return null;
    throw error;
  }
}

/** Opening a FIFO without a writer waits, except with O_NONBLOCK. Windows has no such flag. */
function openWithoutWaiting(path: string): number {
  return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
}

/**
 * Returns the text of a configuration file that a running server reads again, or the problem of the
 * file, to be put after its name in a sentence. Never waits for another process. A pipe was drained
 * at the start, and a file that is being written may be empty; reading either as settings would
 * reset every setting of the file. Throws the error of the system call if the file cannot be read.
 */
export function textAgain(path: string): ConfigurationText {
  const file = openWithoutWaiting(path);
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
