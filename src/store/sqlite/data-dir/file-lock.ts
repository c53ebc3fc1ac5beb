import { dlopen, ptr, read } from "bun:ffi";
import { closeSync, openSync } from "node:fs";

/** Another process holds the lock. */
export class FileLocked extends Error {
  override readonly name = "FileLocked";
}

export interface FileLock {
  release(): void;
}

/** Commands of `fcntl` on Linux for locks that belong to an open file instead of a process. */
const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const F_WRLCK = 1;
const F_UNLCK = 2;
/** Size of `struct flock` on 64-bit Linux: type, origin, start, length and process id. */
const FLOCK_BYTES = 32;
/** Offset of the locked byte. SQLite does not lock it, and no file is that long. */
const LOCKED_BYTE = 2n ** 62n;

/** Operations of `flock` on macOS. */
const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK_DARWIN = 35;

/**
 * Locks a file for as long as this process lives, and creates it with mode 0600 if necessary.
 * Throws `FileLocked` if another process holds the lock. The lock does not affect SQLite, which
 * locks other bytes of its database.
 *
 * On Windows, files are not locked, because an open database cannot be deleted or moved there.
 * Files are also not locked if the file system does not support it.
 *
 * The lock must be taken before SQLite opens the file and released after the database is closed,
 * because closing any descriptor of a file drops the locks that SQLite holds on it.
 */
export function lockFile(path: string): FileLock {
  const take = { linux: lockOnLinux, darwin: lockOnMac }[process.platform as string];
  if (take === undefined) return { release() {} };
  const file = openSync(path, "a+", 0o600);
  const release = () => closeSync(file);
  if (take(file)) return { release };
  release();
  throw new FileLocked(path);
}

/**
 * Returns whether another process has locked a file with `lockFile`, without locking or changing it.
 * Returns null if the system does not show it. Must not be called while this process has the file
 * open with SQLite.
 */
export function isFileLocked(path: string): boolean | null {
  if (process.platform !== "linux") return null;
  const file = openSync(path, "r");
  try {
    const found = flockOf(F_WRLCK);
    return linuxFcntl()?.(file, F_OFD_GETLK, ptr(found)) === 0 ? found.readInt16LE(0) !== F_UNLCK : null;
  } finally {
    closeSync(file);
  }
}

/** The C library of most systems, and that of systems with musl. */
const LIBRARIES = ["libc.so.6", `libc.musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1`];

function linuxFcntl() {
  for (const library of LIBRARIES) {
    try {
      return dlopen(library, { fcntl: { args: ["i32", "i32", "ptr"], returns: "i32" } }).symbols.fcntl;
    } catch {
      // The system uses the other library.
    }
  }
  return null;
}

/** Locks a file. Returns false if another process holds the lock. */
function lockOnLinux(file: number): boolean {
  const fcntl = linuxFcntl();
  if (fcntl === null) return true;
  const wanted = flockOf(F_WRLCK);
  if (fcntl(file, F_OFD_SETLK, ptr(wanted)) === 0) return true;
  const found = flockOf(F_WRLCK);
  return fcntl(file, F_OFD_GETLK, ptr(found)) !== 0 || found.readInt16LE(0) === F_UNLCK;
}

function flockOf(type: number): Buffer {
  const flock = Buffer.alloc(FLOCK_BYTES);
  flock.writeInt16LE(type, 0);
  flock.writeBigInt64LE(LOCKED_BYTE, 8);
  flock.writeBigInt64LE(1n, 16);
  return flock;
}

function lockOnMac(file: number): boolean {
  const { flock, __error: errnoPlace } = dlopen("libSystem.B.dylib", {
    flock: { args: ["i32", "i32"], returns: "i32" },
    __error: { args: [], returns: "ptr" },
  }).symbols;
  if (flock(file, LOCK_EX | LOCK_NB) === 0) return true;
  return read.i32(errnoPlace()!) !== EWOULDBLOCK_DARWIN;
}
