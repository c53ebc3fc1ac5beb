/**
 * The protocol with which a service reports its state to systemd: `sd_notify(3)` and
 * `sd_watchdog_enabled(3)`.
 */

type Environment = Readonly<Record<string, string | undefined>>;

/** Environment variables of the protocol. They are for this process only, not for its children. */
export const NOTIFY_VARIABLES = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] as const;

const AF_UNIX = 1;
/** Size of the path in `sockaddr_un` of Linux, in bytes. */
const PATH_BYTES_MAX = 108;

/**
 * Returns the `sockaddr_un` of Linux for the value of `NOTIFY_SOCKET`: a path, or `@name` for an
 * abstract socket. Returns null for any other address.
 */
export function notifyAddress(socket: string): Uint8Array | null {
  if (!/^[/@]./s.test(socket) || socket.includes("\0")) return null;
  const path = Buffer.from(socket);
  const isAbstract = socket.startsWith("@");
  // A path ends with NUL. An abstract name begins with NUL and ends with the address.
  const bytes = Buffer.alloc(2 + path.length + (isAbstract ? 0 : 1));
  if (bytes.length > 2 + PATH_BYTES_MAX) return null;
  bytes.writeUInt16LE(AF_UNIX, 0);
  path.copy(bytes, 2);
  if (isAbstract) bytes[2] = 0;
  return bytes;
}

/** Maximum delay of a timer, in ms. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Returns the interval at which systemd expects a sign of life, halved, in ms. Returns null if it
 * expects none from this process.
 */
export function watchdogEveryMs(
  { WATCHDOG_USEC: usec, WATCHDOG_PID: pid }: Environment,
  ownPid: number,
): number | null {
  if (usec === undefined || !/^\d{1,19}$/.test(usec) || Number(usec) === 0) return null;
  if (pid !== undefined && pid !== String(ownPid)) return null;
  return Math.min(Math.max(Math.floor(Number(usec) / 2000), 1), TIMER_MS_MAX);
}

/** Returns a message of the protocol. Values are put on one line. */
export function notifyText(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value.replace(/\s+/g, " ")}`)
    .join("\n");
}
