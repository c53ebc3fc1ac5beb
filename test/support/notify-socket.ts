import { dlopen, FFIType } from "bun:ffi";
import { notifyAddress } from "../../src/core/service-notify.ts";
import { until } from "./delivery.ts";

/** Listens as systemd does. The runtime has no Unix datagram sockets (Bun 1.4.5), so this uses the C library of Linux. */

const { i32, i64, ptr, u32, u64 } = FFIType;
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 0x8_0002;
const MSG_DONTWAIT = 0x40;

/** A message, by the names of its fields. */
export type Notice = Readonly<Record<string, string>>;

export interface NotifySocket extends Disposable {
  /** Resolves with the first message that fits, of those received since the last call. */
  next(fits: (notice: Notice) => boolean): Promise<Notice>;
  /** Returns all messages so far. */
  all(): readonly Notice[];
}

/** Binds a socket. `name` is a path, or `@name` for an abstract socket. */
export function listenForNotices(name: string): NotifySocket {
  const { symbols } = dlopen("libc.so.6", {
    socket: { args: [i32, i32, i32], returns: i32 },
    bind: { args: [i32, ptr, u32], returns: i32 },
    recv: { args: [i32, ptr, u64, i32], returns: i64 },
    close: { args: [i32], returns: i32 },
  });
  const descriptor = symbols.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  const address = notifyAddress(name)!;
  if (symbols.bind(descriptor, address, address.length) !== 0) throw new Error(`${name} cannot be bound.`);
  const notices: Notice[] = [];
  let seen = 0;
  const bytes = Buffer.alloc(64 * 1024);
  const receive = () => {
    for (;;) {
      const length = Number(symbols.recv(descriptor, bytes, bytes.length, MSG_DONTWAIT));
      if (length < 0) return;
      const lines = bytes.toString("utf8", 0, length).split("\n");
      notices.push(Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2))));
    }
  };
  return {
    async next(fits) {
      await until(
        async () => {
          receive();
          return notices.slice(seen);
        },
        (unseen) => unseen.some(fits),
      );
      seen = notices.findIndex((notice, index) => index >= seen && fits(notice)) + 1;
      return notices[seen - 1]!;
    },
    all() {
      receive();
      return notices;
    },
    [Symbol.dispose]: () => void symbols.close(descriptor),
  };
}
