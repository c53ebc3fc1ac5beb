import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Handshake, HttpConnect, Socks5, type Step } from "../../../src/edge/http-client/proxy-handshake.ts";

const END = { address: "192.0.2.7", port: 443 };
const USER = { name: "ann", password: "wörd" };

/** Feeds bytes in pieces of the given sizes and returns the steps that were not null. */
function stepsOf(handshake: Handshake, bytes: Uint8Array, sizes: readonly number[] = []): Step[] {
  const steps: Step[] = [];
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    const piece = bytes.subarray(at, at + size);
    at += size;
    if (piece.length === 0) continue;
    const step = handshake.push(piece);
    if (step !== null) steps.push(step);
  }
  return steps;
}

const problem = (text: string) => ({ problem: expect.stringContaining(text) });

describe("opening a tunnel with CONNECT", () => {
  const push = (text: string) => stepsOf(new HttpConnect(END, null), Buffer.from(text, "latin1"));

  test("a CONNECT names the address, and the user if there is one", () => {
    const textOf = (handshake: Handshake) => Buffer.from(handshake.first).toString("latin1");
    expect(textOf(new HttpConnect(END, null))).toBe("CONNECT 192.0.2.7:443 HTTP/1.1\r\nHost: 192.0.2.7:443\r\n\r\n");
    expect(textOf(new HttpConnect({ address: "2001:db8::1", port: 80 }, USER))).toBe(
      `CONNECT [2001:db8::1]:80 HTTP/1.1\r\nHost: [2001:db8::1]:80\r\nProxy-Authorization: Basic ${Buffer.from("ann:wörd").toString("base64")}\r\n\r\n`,
    );
  });

  test.each([
    ["HTTP/1.1 200 OK\r\n\r\n", "open"],
    ["HTTP/1.0 204\r\nA: b\r\n\r\n", "open"],
    ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "open"],
    ["HTTP/1.1 407 No\r\n\r\npage", problem("(status 407). The user or the password")],
    ["HTTP/1.1 502 Bad\r\n\r\n", problem("(status 502).")],
    ["HTTP/1.1 302 Found\r\n\r\n", problem("(status 302).")],
    ["HTTP/1.1 200 OK\r\n\r\nx", problem("before the request")],
    ["SSH-2.0\r\n\r\n", problem("not valid")],
    ["HTTP/2 200\r\n\r\n", problem("not valid")],
    ["x".repeat(20_000), problem("not valid")],
  ])("the response %j of a proxy to CONNECT is understood", (text, step) => {
    expect(push(text)).toEqual([step as Step]);
  });

  test("a response to CONNECT may arrive in any pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), (sizes) => {
        const bytes = Buffer.from("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n");
        expect(stepsOf(new HttpConnect(END, null), bytes, sizes)).toEqual(["open"]);
      }),
    );
  });
});

describe("opening a tunnel with SOCKS 5", () => {
  const REQUEST = Uint8Array.of(5, 1, 0, 1, 192, 0, 2, 7, 1, 187);
  const CHOSEN = [5, 0];
  const reply = (code: number) => [5, code, 0, 1, 0, 0, 0, 0, 0, 0];
  const push = (user: typeof USER | null, ...bytes: number[]) => stepsOf(new Socks5(END, user), Uint8Array.from(bytes));

  test("a client offers a password only if it has one", () => {
    expect(new Socks5(END, null).first).toEqual(Uint8Array.of(5, 1, 0));
    expect(new Socks5(END, USER).first).toEqual(Uint8Array.of(5, 2, 0, 2));
  });

  test("a client without a user requests the address", () => {
    expect(push(null, ...CHOSEN)).toEqual([{ send: REQUEST }]);
    const ipv6 = new Socks5({ address: "2001:db8::1", port: 80 }, null).push(Uint8Array.from(CHOSEN));
    const address = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    expect(ipv6).toEqual({ send: Uint8Array.of(5, 1, 0, 4, ...address, 0, 80) });
  });

  test("a client with a user sends it if the proxy chooses so, and the password in UTF-8", () => {
    const handshake = new Socks5(END, USER);
    expect(handshake.push(Uint8Array.of(5, 2))).toEqual({
      send: Uint8Array.of(1, 3, ...Buffer.from("ann"), 5, ...Buffer.from("wörd")),
    });
    expect(handshake.push(Uint8Array.of(1, 0))).toEqual({ send: REQUEST });
  });

  test.each([
    [null, [5, 255], problem("another authentication")],
    [null, [5, 2], problem("another authentication")],
    [null, [4, 0], problem("not valid")],
    [null, [72, 84], problem("not valid")],
    [null, [5, 0, 0], problem("before the request")],
  ])("the choice of a proxy for user %p and bytes %p is refused", (user, bytes, step) => {
    expect(push(user, ...bytes)).toEqual([step as Step]);
  });

  test("the error for a SOCKS proxy that refuses the login names the user and the password", () => {
    const handshake = new Socks5(END, USER);
    handshake.push(Uint8Array.of(5, 2));
    expect(handshake.push(Uint8Array.of(1, 1))).toEqual(problem("refused the user or the password"));
  });

  test.each([
    [reply(0), "open"],
    [[5, 0, 0, 4, ...Array(16).fill(0), 0, 0], "open"],
    [[5, 0, 0, 3, 2, 97, 98, 0, 0], "open"],
    [reply(2), problem("(not allowed by its rules).")],
    [reply(5), problem("(connection refused).")],
    [reply(99), problem("(reply 99).")],
    [[4, 0, 0, 1, 0, 0, 0, 0, 0, 0], problem("not valid")],
    [[5, 0, 0, 9, 0, 0], problem("not valid")],
    [[...reply(0), 1], problem("before the request")],
  ])("the reply %p of a proxy is understood", (bytes, step) => {
    const handshake = new Socks5(END, null);
    handshake.push(Uint8Array.from(CHOSEN));
    expect(stepsOf(handshake, Uint8Array.from(bytes as number[]))).toEqual([step as Step]);
  });

  test("replies may arrive in any pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4)), fc.constantFrom([1, 0, 0, 0, 0], [3, 2, 97, 98]), (sizes, address) => {
        const handshake = new Socks5(END, null);
        handshake.push(Uint8Array.from(CHOSEN));
        expect(stepsOf(handshake, Uint8Array.of(5, 0, 0, ...address, 0, 80), sizes)).toEqual(["open"]);
      }),
    );
  });
});
