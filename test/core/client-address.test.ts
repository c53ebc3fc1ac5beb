import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseSubnet } from "../../src/core/address.ts";
import { clientAddress, type TrustedProxy } from "../../src/core/client-address.ts";

const trusting = (...proxies: string[]): TrustedProxy[] =>
  proxies.map((proxy) => (proxy === "unix" ? proxy : parseSubnet(proxy)!));

const PROXY = "10.0.0.1";
const trusted = trusting("10.0.0.0/8", "fd00::/8", "unix");

type Case = readonly [what: string, peer: string, header: string | null, address: string];

const cases: readonly Case[] = [
  ["no header", PROXY, null, PROXY],
  ["one proxy", PROXY, "203.0.113.7", "203.0.113.7"],
  ["several trusted proxies", PROXY, "203.0.113.7, 10.0.0.3, 10.0.0.2", "203.0.113.7"],
  ["no space after the comma", PROXY, "203.0.113.7,10.0.0.2", "203.0.113.7"],
  ["an entry that the client has added", PROXY, "198.51.100.1, 203.0.113.7", "203.0.113.7"],
  ["a trusted address that the client has added", PROXY, "10.9.9.9, 203.0.113.7, 10.0.0.2", "203.0.113.7"],
  ["only trusted proxies, the first being the client", PROXY, "10.0.0.9, 10.0.0.2", "10.0.0.9"],
  ["a peer that is not trusted", "203.0.113.9", "198.51.100.1", "203.0.113.9"],
  ["a peer that is not trusted, with IPv6", "2001:db8::9", "198.51.100.1", "2001:db8::9"],
  ["a port after an IPv4 address", PROXY, "203.0.113.7:55123", "203.0.113.7"],
  ["an IPv6 address", PROXY, "2001:DB8:0::7", "2001:db8::7"],
  ["an IPv6 address in brackets", PROXY, "[2001:db8::7]", "2001:db8::7"],
  ["a port after an IPv6 address", PROXY, "[2001:db8::7]:443", "2001:db8::7"],
  ["an IPv4-mapped address", PROXY, "::ffff:203.0.113.7", "203.0.113.7"],
  ["a proxy with IPv6", "fd00::1", "203.0.113.7, [fd00::2]:80", "203.0.113.7"],
  ["a peer with an IPv4-mapped address", "::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"],
  ["the Unix socket", "", "203.0.113.7", "203.0.113.7"],
  ["the Unix socket without a header", "", null, ""],
  ["an empty header", PROXY, "", PROXY],
  ["a header that ends with a comma", PROXY, "203.0.113.7,", PROXY],
  ["a header of commas", PROXY, ",,,", PROXY],
  ["a name", PROXY, "203.0.113.7, unknown", PROXY],
  ["a malformed entry before a good one", PROXY, "nonsense, 203.0.113.7", "203.0.113.7"],
  ["a malformed entry before a trusted proxy", PROXY, "203.0.113.7, nonsense, 10.0.0.2", "10.0.0.2"],
  ["an address with leading zeros", PROXY, "0203.0.113.7", PROXY],
  ["an address with a zone", PROXY, "fe80::1%eth0", PROXY],
  ["an address with a path", PROXY, "203.0.113.7/24", PROXY],
  ["a port that is too long", PROXY, "203.0.113.7:123456", PROXY],
  ["brackets around an IPv4 address", PROXY, "[203.0.113.7]", "203.0.113.7"],
  ["an unclosed bracket", PROXY, "[2001:db8::7", PROXY],
  ["a control character", PROXY, "203.0.113.7\u0000", PROXY],
];

describe("the address of a client", () => {
  test.each(cases)("with %s", (_, peer, header, address) => {
    expect(clientAddress(peer, header, trusted)).toBe(address);
  });

  test("the address of a client is that of the connection if no proxy is trusted", () => {
    for (const peer of [PROXY, "", "::1"]) expect(clientAddress(peer, "203.0.113.7", [])).toBe(peer);
    expect(clientAddress("", "203.0.113.7", trusting("0.0.0.0/0", "::/0"))).toBe("");
    expect(clientAddress(PROXY, "203.0.113.7", trusting("unix"))).toBe(PROXY);
  });

  test("the address of a client does not depend on anything left of the first entry that is no trusted proxy", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.ipV4().filter((ip) => !ip.startsWith("10.")),
        (sent, client) => {
          expect(clientAddress(PROXY, `${sent}, ${client}, 10.0.0.2`, trusted)).toBe(client);
        },
      ),
    );
  });

  test("the address of a client is found in a header with many trusted addresses without reading all of them", () => {
    const address = clientAddress(PROXY, `203.0.113.7${", 10.0.0.2".repeat(100_000)}`, trusted);
    expect(address).toBe("10.0.0.2");
  });
});
