import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import { shortageOf } from "../core/shortage.ts";
import type { Shortage } from "../ports.ts";
import { withKeptDescriptor } from "./kept-descriptors.ts";
import { type SystemCalls, systemCalls } from "./system-calls.ts";

const IS_DARWIN = process.platform === "darwin";
const AF_INET = 2;
const AF_INET6 = IS_DARWIN ? 30 : 10;
const SOCK_STREAM = 1;
/**
 * Flags for a socket whose calls do not block and that child processes do not inherit. Linux only.
 */
const NONBLOCK_CLOEXEC = 0o2004000;

/** Error numbers that are caused by this machine. All other errors are caused by the receiver. */
const LOCAL_ERRORS: ReadonlyMap<number, string> = new Map(
  IS_DARWIN
    ? [
        [1, "EPERM"],
        [12, "ENOMEM"],
        [13, "EACCES"],
        [23, "ENFILE"],
        [24, "EMFILE"],
        [49, "EADDRNOTAVAIL"],
        [50, "ENETDOWN"],
        [51, "ENETUNREACH"],
        [55, "ENOBUFS"],
      ]
    : [
        [1, "EPERM"],
        [11, "EAGAIN"],
        [12, "ENOMEM"],
        [13, "EACCES"],
        [23, "ENFILE"],
        [24, "EMFILE"],
        [99, "EADDRNOTAVAIL"],
        [100, "ENETDOWN"],
        [101, "ENETUNREACH"],
        [105, "ENOBUFS"],
      ],
);

/**
 * Finds out why a connection could not be opened. The runtime reports every reason as
 * `ECONNREFUSED` (Bun 1.4.5), including reasons that have nothing to do with the receiver. This
 * function makes the same system calls again, without waiting. Returns the code of the local error,
 * or `ECONNREFUSED` if there is none.
 */
export function connectError(address: string, port: number): string {
  const calls = systemCalls();
  // On macOS a socket cannot be created non-blocking, so this tests only whether one can be
  // created.
  if (calls === null || IS_DARWIN) return socketError() ?? "ECONNREFUSED";
  const number = withKeptDescriptor(() => connectionErrorNumber(calls, address, port));
  return LOCAL_ERRORS.get(number) ?? "ECONNREFUSED";
}

/** Returns the error code if no socket can be created, otherwise null. */
export function socketError(): string | null {
  const calls = systemCalls();
  if (calls === null) return null;
  const descriptor = withKeptDescriptor(() => calls.socket(AF_INET, SOCK_STREAM, 0));
  if (descriptor < 0) return LOCAL_ERRORS.get(calls.errorNumber()) ?? null;
  calls.close(descriptor);
  return null;
}

/** Returns an error number, or 0 if a connection could be opened or is being opened. */
function connectionErrorNumber(calls: SystemCalls, address: string, port: number): number {
  const socketAddress = socketAddressOf(address, port);
  const descriptor = calls.socket(familyOf(address), SOCK_STREAM | NONBLOCK_CLOEXEC, 0);
  if (descriptor < 0) return calls.errorNumber();
  const number = calls.connect(descriptor, socketAddress, socketAddress.byteLength) === 0 ? 0 : calls.errorNumber();
  calls.close(descriptor);
  return number;
}

function familyOf(address: string): number {
  return address.includes(":") ? AF_INET6 : AF_INET;
}

/** Returns a `sockaddr_in` or `sockaddr_in6` of Linux. */
function socketAddressOf(address: string, port: number): Uint8Array {
  const isIpv6 = address.includes(":");
  const bytes = new Uint8Array(isIpv6 ? 28 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, familyOf(address), true);
  view.setUint16(2, port, false);
  bytes.set(ipaddr.parse(address).toByteArray(), isIpv6 ? 8 : 4);
  return bytes;
}

/**
 * Returns the shortage that made a connection to `address` fail with this error code, or null if it
 * was not a shortage. On a machine without IPv6, every connection to an IPv6 address fails with
 * `EADDRNOTAVAIL`. On a machine without a route to the receiver, it fails with `ENETUNREACH`. These
 * two are not shortages, because waiting does not help.
 */
export function connectShortage(code: string, address: string): Shortage | null {
  const family = address.includes(":") ? "IPv6" : "IPv4";
  if (code === "EADDRNOTAVAIL" && !hasInterface((one) => one.family === family)) return null;
  if (code === "ENETUNREACH" && hasInterface(({ internal }) => !internal)) return null;
  return shortageOf(code);
}

function hasInterface(fits: (one: NetworkInterfaceInfo) => boolean): boolean {
  try {
    return Object.values(networkInterfaces()).some((all) => all?.some(fits));
  } catch {
    // The list of interfaces cannot be read, for example because no descriptor is left.
    return true;
  }
}
