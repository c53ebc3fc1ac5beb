import { dlopen, FFIType, type Pointer, read } from "bun:ffi";

/** The functions of the C library that the runtime does not provide. */
export interface SystemCalls {
  socket(family: number, type: number, protocol: number): number;
  connect(descriptor: number, address: Uint8Array, bytes: number): number;
  close(descriptor: number): number;
  getsockname(descriptor: number, address: Uint8Array, bytes: Uint32Array): number;
  getpeername(descriptor: number, address: Uint8Array, bytes: Uint32Array): number;
  getsockopt(descriptor: number, level: number, option: number, value: Uint8Array, bytes: Uint32Array): number;
  send(descriptor: number, bytes: Uint8Array, length: number, flags: number): bigint;
  sendto(
    descriptor: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressBytes: number,
  ): bigint;
  shutdown(descriptor: number, how: number): number;
  /** Two 64-bit integers: seconds and nanoseconds. */
  clock_gettime(clock: number, time: BigInt64Array): number;
  /** Two 64-bit integers: the soft limit and the hard limit. */
  getrlimit(resource: number, limits: BigUint64Array): number;
  setrlimit(resource: number, limits: BigUint64Array): number;
  /** Only on Linux. The address of the peer is not returned. */
  accept4?(descriptor: number, address: null, bytes: null, flags: number): number;
  /** Only on Linux. `parameters` is one 32-bit integer, the static priority. */
  sched_setscheduler?(thread: number, policy: number, parameters: Int32Array): number;
  /** Returns the error number of the last call that failed. */
  errorNumber(): number;
}

const { i32, i64, ptr, u32, u64 } = FFIType;
const shared = {
  socket: { args: [i32, i32, i32], returns: i32 },
  connect: { args: [i32, ptr, u32], returns: i32 },
  close: { args: [i32], returns: i32 },
  getsockname: { args: [i32, ptr, ptr], returns: i32 },
  getpeername: { args: [i32, ptr, ptr], returns: i32 },
  getsockopt: { args: [i32, i32, i32, ptr, ptr], returns: i32 },
  send: { args: [i32, ptr, u64, i32], returns: i64 },
  sendto: { args: [i32, ptr, u64, i32, ptr, u32], returns: i64 },
  shutdown: { args: [i32, i32], returns: i32 },
  clock_gettime: { args: [i32, ptr], returns: i32 },
  getrlimit: { args: [i32, ptr], returns: i32 },
  setrlimit: { args: [i32, ptr], returns: i32 },
} as const;

const LIBRARIES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ["libc.so.6", "libc.so", `libc.musl-${process.arch === "x64" ? "x86_64" : "aarch64"}.so.1`],
  darwin: ["libSystem.dylib"],
};

let loaded: SystemCalls | null | undefined;

/**
 * Returns the functions of the C library, or null if they are not available. The first call loads
 * the library. This needs a descriptor, so it must happen while descriptors are still available.
 */
export function systemCalls(): SystemCalls | null {
  if (loaded === undefined) loaded = loadSystemCalls();
  return loaded;
}

/** Loads the C library. Returns null if the platform has none or it cannot be loaded. */
function loadSystemCalls(): SystemCalls | null {
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
  const { symbols } = dlopen(library, {
    ...shared,
    accept4: { args: [i32, ptr, ptr, i32], returns: i32 },
    sched_setscheduler: { args: [i32, i32, ptr], returns: i32 },
    __errno_location: { args: [], returns: ptr },
  });
  return { ...symbols, errorNumber: () => read.i32(symbols.__errno_location() as Pointer) };
}

function darwinCalls(library: string): SystemCalls {
  const { symbols } = dlopen(library, { ...shared, __error: { args: [], returns: ptr } });
  return { ...symbols, errorNumber: () => read.i32(symbols.__error() as Pointer) };
}
