import { systemCalls } from "./system-calls.ts";

/**
 * File descriptors that client connections cannot use. The runtime accepts connections until no
 * descriptor is left, and has no limit for them (Bun 1.4.5). While clients use too many, the soft
 * limit of open files is lowered, so that `accept` fails early. It is raised again for the moments
 * in which the server itself opens something, which never include an `accept`. All of this is
 * process-wide, because the limit is.
 */

const RLIMIT_NOFILE = process.platform === "darwin" ? 8 : 7;

/** The limit that applies to clients, or null if the limit was not lowered. */
let loweredTo: bigint | null = null;
/** The limit before it was lowered. */
let full = 0n;
/** Number of calls that currently need the full limit. */
let users = 0;

/**
 * Lowers the soft limit of open files to `count`, which must be below the full limit. Null restores
 * the full limit. Does nothing if somebody else has changed the limit of this process since.
 */
export function limitAccepted(count: number | null): void {
  if (loweredTo === null) {
    const soft = softLimit();
    if (count === null || soft === null || BigInt(count) >= soft) return;
    full = soft;
    if (setSoftLimit(BigInt(count))) loweredTo = BigInt(count);
    return;
  }
  if (softLimit() !== loweredTo) {
    loweredTo = null;
    return;
  }
  const next = count === null ? full : BigInt(count);
  if (next === loweredTo || !setSoftLimit(next)) return;
  loweredTo = next < full ? next : null;
}

/** Calls `open`, which may use descriptors that clients cannot use. */
export function withKeptDescriptor<T>(open: () => T): T {
  if (loweredTo === null) return open();
  begin();
  try {
    return open();
  } finally {
    end();
  }
}

/** Like `withKeptDescriptor`, for calls that open a descriptor in the next tick. */
export function withKeptDescriptorSoon<T>(open: () => T): T {
  if (loweredTo === null) return open();
  begin();
  try {
    return open();
  } finally {
    process.nextTick(end);
  }
}

/** Turns of the microtask queue after which a library has begun to connect. */
const MICROTASKS = 20;

/**
 * Lets a library that connects after a few turns of the microtask queue, and in the tick after them, use
 * descriptors that clients cannot use.
 */
export function keepDescriptorForLibrary(): void {
  if (loweredTo === null) return;
  begin();
  void (async () => {
    for (let i = 0; i < MICROTASKS; i++) await null;
    process.nextTick(end);
  })();
}

function begin(): void {
  users += 1;
  if (users === 1 && softLimit() === loweredTo) setSoftLimit(full);
}

function end(): void {
  users -= 1;
  if (users === 0 && loweredTo !== null && softLimit() === full) setSoftLimit(loweredTo);
}

const limits = new BigUint64Array(2);

/** Returns the soft limit of open files, or null if it cannot be read. */
export function softLimit(): bigint | null {
  const calls = systemCalls();
  return calls !== null && calls.getrlimit(RLIMIT_NOFILE, limits) === 0 ? limits[0]! : null;
}

/** Must be called after `softLimit`, which reads the hard limit. Returns whether it succeeded. */
function setSoftLimit(count: bigint): boolean {
  limits[0] = count;
  return systemCalls()!.setrlimit(RLIMIT_NOFILE, limits) === 0;
}
