import { expect, test } from "bun:test";
import { listenError } from "../../src/edge/own-address.ts";

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: listen`), { code });
}

const found = () => Promise.resolve({ address: "127.0.0.1" });
const notFound = () => Promise.reject(failure("ENOTFOUND"));
const at = (host: string, port = 8071) => ({ host, port, publicUrl: null });

const sentences: ReadonlyArray<readonly [code: string, host: string, port: number, sentence: RegExp]> = [
  ["EADDRINUSE", "127.0.0.1", 8071, /^Port 8071 of 127\.0\.0\.1 is already in use\. /],
  ["EACCES", "127.0.0.1", 80, /^Port 80 needs a privilege /],
  ["EACCES", "127.0.0.1", 8071, /^This process has no permission to listen on port 8071 /],
  ["EADDRNOTAVAIL", "192.0.2.1", 8071, /^The address 192\.0\.2\.1 does not belong to this machine\. /],
  ["EAFNOSUPPORT", "::1", 8071, /^The address ::1 is of a kind that this machine does not support\. /],
  ["EINVAL", "fe80::1", 8071, /^The address fe80::1 with port 8071 cannot be used \(EINVAL\)\. /],
];
for (const [code, host, port, sentence] of sentences) {
  test(`${code} on port ${port} has its own error message, without a lookup of the address`, async () => {
    const { message } = await listenError(failure(code), at(host, port), notFound);
    expect(message).toMatch(sentence);
  });
}

test("a host that cannot be resolved is named in the error, whatever the runtime reports", async () => {
  for (const code of ["EADDRINUSE", "EAGAIN", "ENOENT"]) {
    const { message } = await listenError(failure(code), at("foo.bar"), notFound);
    expect(message).toMatch(/^The host foo\.bar cannot be resolved\. /);
  }
});

test("a port in use is reported as such if the host can be resolved", async () => {
  const { message } = await listenError(failure("EADDRINUSE"), at("localhost"), found);
  expect(message).toMatch(/^Port 8071 of localhost is already in use\. /);
});
