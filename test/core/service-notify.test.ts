import { describe, expect, test } from "bun:test";
import { notifyAddress, notifyText, watchdogEveryMs } from "../../src/core/service-notify.ts";

const hex = (socket: string) => {
  const address = notifyAddress(socket);
  return address === null ? null : Buffer.from(address).toString("latin1");
};

describe("the address in NOTIFY_SOCKET", () => {
  const cases: ReadonlyArray<readonly [socket: string, address: string | null]> = [
    ["/run/systemd/notify", "\x01\0/run/systemd/notify\0"],
    ["@abstract", "\x01\0\0abstract"],
    ["/ü", "\x01\0/\xc3\xbc\0"],
    [`/${"a".repeat(106)}`, `\x01\0/${"a".repeat(106)}\0`],
    [`/${"a".repeat(107)}`, null],
    [`@${"a".repeat(107)}`, `\x01\0\0${"a".repeat(107)}`],
    [`@${"a".repeat(108)}`, null],
    ["", null],
    ["/", null],
    ["@", null],
    ["relative", null],
    ["vsock:2:1234", null],
    ["/a\0b", null],
  ];
  test.each(cases)("%j becomes the address of a Unix socket or is refused", (socket, address) => {
    expect(hex(socket)).toBe(address);
  });
});

describe("the interval of the watchdog", () => {
  const cases: ReadonlyArray<readonly [environment: Record<string, string>, ms: number | null]> = [
    [{}, null],
    [{ WATCHDOG_USEC: "60000000" }, 30_000],
    [{ WATCHDOG_USEC: "60000000", WATCHDOG_PID: "42" }, 30_000],
    [{ WATCHDOG_USEC: "60000000", WATCHDOG_PID: "43" }, null],
    [{ WATCHDOG_USEC: "60000000", WATCHDOG_PID: "" }, null],
    [{ WATCHDOG_PID: "42" }, null],
    [{ WATCHDOG_USEC: "1" }, 1],
    [{ WATCHDOG_USEC: "18446744073709551615" }, null],
    [{ WATCHDOG_USEC: "9999999999999999999" }, 2 ** 31 - 1],
    [{ WATCHDOG_USEC: "0" }, null],
    [{ WATCHDOG_USEC: "-5" }, null],
    [{ WATCHDOG_USEC: "1s" }, null],
  ];
  test.each(cases)("the interval of the watchdog is half of what %j asks for", (environment, ms) => {
    expect(watchdogEveryMs(environment, 42)).toBe(ms);
  });
});

test("a message has one line per field, whatever a value contains", () => {
  expect(notifyText({ READY: "1", STATUS: "Serving.\nSTOPPING=1" })).toBe("READY=1\nSTATUS=Serving. STOPPING=1");
});
