import { dlopen, FFIType, type Pointer, read } from "bun:ffi";

/** The functions of the C library that the runtime does not provide. */
export interface SystemCalls {
  socket(family: number, type: number, protocol: number): number;
  connect(descriptor: number, address: Uint8Array, bytes: number): number;
  close(descriptor: number): number;
  /** Returns the error number of the last call that failed. */
  errorNumber(): number;
}

const { i32, ptr, u32 } = FFIType;
const shared = {
  socket: { args: [i32, i32, i32], returns: i32 },
  connect: { args: [i32, ptr, u32], returns: i32 },
  close: { args: [i32], returns: i32 },
} as const;

const LIBRARIES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ["libc.so.6", "libc.so", `libc.musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1`],
  darwin: ["libSystem.dylib"],
};

/** Loads the C library. Returns null if the platform has none or it cannot be loaded. */
export function loadSystemCalls(): SystemCalls | null {
  for (const library of LIBRARIES[process.platform] ?? []) {
    try {
      return process.platform === "darwin" ? darwinCalls(library) : linuxCalls(library);
    } catch {
      // The system uses another C library, or the runtime must not generate code for the calls.
    }
  }
  return null;
}

function linuxCalls(library: string): SystemCalls {
  const { symbols } = dlopen(library, { ...shared, __errno_location: { args: [], returns: ptr } });
  return { ...callsOf(symbols), errorNumber: () => read.i32(symbols.__errno_location() as Pointer) };
}

function darwinCalls(library: string): SystemCalls {
  const { symbols } = dlopen(library, { ...shared, __error: { args: [], returns: ptr } });
  return { ...callsOf(symbols), errorNumber: () => read.i32(symbols.__error() as Pointer) };
}

function callsOf(symbols: Omit<SystemCalls, "errorNumber">): Omit<SystemCalls, "errorNumber"> {
  return { socket: symbols.socket, connect: symbols.connect, close: symbols.close };
}
