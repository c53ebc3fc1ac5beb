import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { addressAllowed, isPublicAddress, literalAddress, parseSubnet, type Subnet } from "../../src/core/address.ts";

function allowList(...cidrs: string[]): Subnet[] {
  return cidrs.map((cidr) => parseSubnet(cidr)!);
}

/** The first and the last address of each refused range, so that its width is tested too. */
const refusedV4 = [
  ["0.0.0.0", "0.255.255.255"],
  ["10.0.0.0", "10.255.255.255"],
  ["100.64.0.0", "100.127.255.255"],
  ["127.0.0.0", "127.255.255.255"],
  ["168.63.129.16", "168.63.129.16"],
  ["169.254.0.0", "169.254.255.255"],
  ["172.16.0.0", "172.31.255.255"],
  ["192.0.0.0", "192.0.0.255"],
  ["192.0.2.0", "192.0.2.255"],
  ["192.88.99.0", "192.88.99.255"],
  ["192.168.0.0", "192.168.255.255"],
  ["198.18.0.0", "198.19.255.255"],
  ["198.51.100.0", "198.51.100.255"],
  ["203.0.113.0", "203.0.113.255"],
  ["224.0.0.0", "255.255.255.255"],
] as const;

const refusedV6 = [
  "::",
  "::1",
  "::7f00:1",
  "::8.8.8.8",
  "0:0:0:0:0:0:8.8.8.8",
  "::ffff:0:8.8.8.8",
  "64:ff9b::8.8.8.8",
  "64:ff9b:1::8.8.8.8",
  "100::1",
  "2001::1",
  "2001:0:4136:e378:8000:63bf:3fff:fdd2",
  "2001:2::1",
  "2001:10::1",
  "2001:20::1",
  "2001:db8::1",
  "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
  "2002::1",
  "2002:808:808::1",
  "3fff::1",
  "3fff:fff:ffff::1",
  "4000::1",
  "5f00::1",
  "fc00::1",
  "fd00:ec2::254",
  "fdff:ffff::1",
  "fe80::1",
  "febf::1",
  "fec0::1",
  "feff::1",
  "ff00::1",
  "ff02::1",
];

const publicOnes = [
  "1.1.1.1",
  "8.8.8.8",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "128.0.0.0",
  "168.63.129.15",
  "169.253.255.255",
  "169.255.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.0.1.0",
  "192.88.98.255",
  "192.167.255.255",
  "192.169.0.0",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
  "2000::1",
  "2001:200::1",
  "2001:4860:4860::8888",
  "2001:db7:ffff::1",
  "2001:db9::1",
  "2003::1",
  "2606:4700:4700::1111",
  "2a00:1450:4001:81b::200e",
  "3ffe:ffff::1",
];

describe("address policy", () => {
  for (const [first, last] of refusedV4) {
    test(`the address policy refuses ${first} to ${last}, even as IPv4-mapped addresses`, () => {
      for (const ip of [first, last, `::ffff:${first}`, `::ffff:${last}`]) expect(isPublicAddress(ip)).toBe(false);
    });
  }

  for (const ip of refusedV6) test(`the address policy refuses ${ip}`, () => expect(isPublicAddress(ip)).toBe(false));
  for (const ip of publicOnes) test(`the address policy allows ${ip}`, () => expect(isPublicAddress(ip)).toBe(true));

  test("the address policy refuses every spelling of a metadata service's address", () => {
    for (const ip of ["169.254.169.254", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "0:0:0:0:0:ffff:a9fe:a9fe"]) {
      expect(addressAllowed(ip, [])).toBe(false);
    }
  });

  test("the address policy refuses text that is not a plain literal address", () => {
    for (const text of ["", "localhost", "example.com", "127.1", "010.0.0.1", "0x8.8.8.8", "134744072", "8.8.8.8:80"]) {
      expect(addressAllowed(text, allowList("0.0.0.0/0", "::/0"))).toBe(false);
    }
    for (const text of [
      "[::1]",
      "fe80::1%eth0",
      "2606:4700::1%1",
      "8.8.8.8/32",
      " 8.8.8.8",
      "8.8.8.8\n",
      "1.2.3.256",
    ]) {
      expect(addressAllowed(text, allowList("0.0.0.0/0", "::/0"))).toBe(false);
    }
  });
});

const anyV4 = fc.ipV4();
const anyV6 = fc.ipV6().filter((ip) => !ip.toLowerCase().includes("ffff:"));

describe("properties of the address policy", () => {
  test("an IPv4-mapped address is checked as the IPv4 address that it embeds", () => {
    const allow = allowList("10.0.0.0/8", "127.0.0.0/8");
    fc.assert(
      fc.property(anyV4, (ip) => {
        expect(isPublicAddress(`::ffff:${ip}`)).toBe(isPublicAddress(ip));
        expect(addressAllowed(`::ffff:${ip}`, allow)).toBe(addressAllowed(ip, allow));
      }),
    );
  });

  test("translated and embedded forms of an IPv4 address are refused even if that address is allowed", () => {
    fc.assert(
      fc.property(anyV4, (ip) => {
        const [a = 0, b = 0, c = 0, d = 0] = ip.split(".").map(Number);
        const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        const allow = allowList(`${ip}/32`);
        for (const form of [`64:ff9b::${hex}`, `64:ff9b:1::${hex}`, `2002:${hex}::1`, `::${hex}`]) {
          expect(addressAllowed(form, allow)).toBe(false);
        }
      }),
    );
  });

  test("an IPv4 address is public exactly when no refused range contains it", () => {
    const toNumber = (ip: string) => ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    const ranges = refusedV4.map(([first, last]) => [toNumber(first), toNumber(last)] as const);
    fc.assert(
      fc.property(anyV4, (ip) => {
        const number = toNumber(ip);
        const refused = ranges.some(([first, last]) => number >= first && number <= last);
        expect(isPublicAddress(ip)).toBe(!refused);
      }),
      { numRuns: 1000 },
    );
  });

  test("an allowlist allows the addresses that it contains and refuses no public address", () => {
    const anyIp = fc.oneof(anyV4, anyV6);
    fc.assert(
      fc.property(anyIp, anyIp, (ip, other) => {
        expect(addressAllowed(ip, [])).toBe(isPublicAddress(ip));
        expect(addressAllowed(ip, allowList(ip))).toBe(true);
        if (isPublicAddress(ip)) expect(addressAllowed(ip, allowList(other))).toBe(true);
      }),
    );
  });

  test("the address functions never throw, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        addressAllowed(text, []);
        parseSubnet(text);
        literalAddress(text);
      }),
    );
  });
});

describe("allowed subnets", () => {
  test("an allowed subnet allows its own addresses and no others", () => {
    const allow = allowList("10.1.0.0/16", "fd12::/16");
    expect(addressAllowed("10.1.255.255", allow)).toBe(true);
    expect(addressAllowed("10.2.0.0", allow)).toBe(false);
    expect(addressAllowed("fd12:ffff::1", allow)).toBe(true);
    expect(addressAllowed("fd13::1", allow)).toBe(false);
  });

  test("an allowed subnet of translated addresses allows the addresses in it", () => {
    expect(addressAllowed("64:ff9b::a00:1", allowList("64:ff9b::/96"))).toBe(true);
  });

  test("an allowed subnet of IPv4-mapped addresses allows the IPv4 addresses that they embed", () => {
    const allow = allowList("::ffff:10.0.0.0/104");
    expect(addressAllowed("10.9.9.9", allow)).toBe(true);
    expect(addressAllowed("::ffff:10.9.9.9", allow)).toBe(true);
    expect(addressAllowed("11.0.0.1", allowList("::ffff:11.0.0.0/104"))).toBe(true);
    expect(addressAllowed("192.168.0.1", allow)).toBe(false);
  });

  test("an allowed IPv4 subnet does not allow IPv6 addresses that merely end in the same digits", () => {
    expect(addressAllowed("::127.0.0.1", allowList("127.0.0.0/8"))).toBe(false);
  });

  test("an allowed subnet of one IP version does not affect the other version", () => {
    expect(addressAllowed("::1", allowList("0.0.0.0/0"))).toBe(false);
    expect(addressAllowed("127.0.0.1", allowList("::1/128", "::/0"))).toBe(false);
  });

  test("an allowed subnet may be a single address", () => {
    expect(addressAllowed("127.0.0.1", allowList("127.0.0.1"))).toBe(true);
    expect(addressAllowed("127.0.0.2", allowList("127.0.0.1"))).toBe(false);
  });

  for (const text of [
    "",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "10/8",
    "::/129",
    "a/8",
    "10.0.0.0/8 ",
    "10.0.0.0/1e1",
  ]) {
    test(`${JSON.stringify(text)} is not a valid subnet`, () => expect(parseSubnet(text)).toBeNull());
  }
});

describe("address in a URL", () => {
  const table: [url: string, address: string | null][] = [
    ["http://127.0.0.1/", "127.0.0.1"],
    ["http://127.0.0.1./", "127.0.0.1"],
    ["http://0x7f.1/", "127.0.0.1"],
    ["http://017700000001/", "127.0.0.1"],
    ["http://2130706433/", "127.0.0.1"],
    ["http://[::1]:80/", "::1"],
    ["http://[::ffff:127.0.0.1]/", "::ffff:7f00:1"],
    ["http://localhost/", null],
    ["http://example.com/", null],
    ["http://1.2.3.4.example.com/", null],
  ];
  for (const [url, address] of table) {
    test(`the host of ${url} is ${address ?? "a name that must be resolved"}`, () => {
      expect(literalAddress(new URL(url).hostname)).toBe(address);
    });
  }
});
