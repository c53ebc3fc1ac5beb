import { expect, test } from "bun:test";
import { listenError, OwnAddress } from "../../src/edge/own-address.ts";

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

const inboxAt = (publicUrl: string | null, url: string, { host = "127.0.0.1", port = 8071 } = {}) => {
  const address = new OwnAddress({ host, port, publicUrl });
  address.listening({ address: host, port });
  return address.inbox(new URL(url))?.href ?? null;
};

const publicUrls = [null, "https://hooks.example.com", "https://example.com/hooks/eu"];
for (const publicUrl of publicUrls) {
  test(`an inbox at the server's own address is found if the public URL is ${publicUrl ?? "not set"}`, () => {
    expect(inboxAt(publicUrl, "http://127.0.0.1:8071/inbox/a?b=c")).toBe("http://127.0.0.1:8071/inbox/a?b=c");
  });
}

test("an inbox is found below the path of the public URL, at the public URL and at the server's own address", () => {
  for (const origin of ["https://example.com", "http://127.0.0.1:8071"]) {
    const found = inboxAt("https://example.com/hooks/eu", `${origin}/hooks/eu/inbox/a`);
    expect([origin, found]).toEqual([origin, "http://127.0.0.1:8071/inbox/a"]);
  }
});

test("an inbox is found at a server that listens on the default port of HTTP or on an IPv6 address", () => {
  expect(inboxAt(null, "http://127.0.0.1:80/inbox/a", { port: 80 })).toBe("http://127.0.0.1/inbox/a");
  expect(inboxAt(null, "http://[::1]:8071/inbox/a", { host: "::" })).toBe("http://[::1]:8071/inbox/a");
});

test("an inbox of a server that speaks HTTPS is found at its https:// and http:// URL, and reached at another address", () => {
  const address = new OwnAddress({ host: "0.0.0.0", port: 8443, publicUrl: null, isEncrypted: true });
  address.listening({ address: "0.0.0.0", port: 8443 }, { address: "127.0.0.1", port: 40_000 });
  expect(address.publicUrl).toBe("https://127.0.0.1:8443");
  for (const scheme of ["http", "https"]) {
    const found = address.inbox(new URL(`${scheme}://127.0.0.1:8443/inbox/a?b=c`));
    expect(found?.href).toBe("http://127.0.0.1:40000/inbox/a?b=c");
  }
});

test("a host that cannot be part of a URL does not prevent inboxes at the public URL", () => {
  const address = new OwnAddress({ host: "fe80::1%eth0", port: 8071, publicUrl: "https://example.com" });
  address.listening({ address: "fe80::1", port: 8071 });
  expect(address.inbox(new URL("https://example.com/inbox/a"))?.href).toBe("http://[fe80::1]:8071/inbox/a");
});

test("no other URL leads to an inbox", () => {
  for (const url of [
    "https://example.com/inbox/a",
    "https://example.com/hooks/eu/inbox/../api/v1/health",
    "https://example.com/hooks/euro/inbox/a",
    "https://127.0.0.1:8071/inbox/a",
    "http://127.0.0.1:8072/inbox/a",
    "http://127.0.0.1:8071/api/v1/health",
    "http://127.0.0.1:8071/inbox/%2e%2e/metrics",
    "http://127.0.0.1:8071/other/inbox/a",
    "http://127.0.0.1:8071@example.com/inbox/a",
  ]) {
    expect([url, inboxAt("https://example.com/hooks/eu", url)]).toEqual([url, null]);
  }
});
