import { expect, test } from "bun:test";
import { parseSubnet } from "../../src/core/address.ts";
import { noNameServer } from "../../src/core/shortage.ts";
import type { Resolver, Shortage } from "../../src/ports.ts";
import type { TargetParts } from "../../src/targets/target.ts";
import { warningsOf } from "../../src/targets/warnings.ts";

const INBOX = new URL("http://127.0.0.1:8071/inbox/t");
const patient = new AbortController().signal;

function codesOf(url: string, resolved: readonly string[] | Shortage = [], signal = patient) {
  return warnings(url, { resolve: async () => resolved }, signal).then((all) => all.map(({ code }) => code));
}

function warnings(url: string, resolver: Resolver, signal = patient) {
  const policy = {
    allowSubnets: [parseSubnet("10.0.0.0/8")!],
    inbox: (address: URL) => (address.pathname === "/inbox/t" ? INBOX : null),
  };
  return warningsOf(url, { ports: { resolver }, policy } as unknown as TargetParts, signal);
}

const PUBLIC = "93.184.216.34";
const table: [url: string, resolved: readonly string[] | Shortage, codes: string[]][] = [
  ["https://a.example/", [PUBLIC], []],
  ["https://a.example/", ["10.1.2.3"], []],
  ["https://a.example/", ["127.0.0.1"], ["blocked"]],
  ["https://a.example/", ["::1", "192.168.0.1"], ["blocked"]],
  ["https://a.example/", ["192.168.0.1", PUBLIC], ["private"]],
  ["http://localhost:3000/", ["10.1.2.3", "::1"], []],
  ["http://localhost:3000/", ["127.0.0.1", "::1"], ["blocked"]],
  ["https://a.example/", [], ["dns"]],
  ["https://a.example/", noNameServer, []],
  ["http://127.0.0.1:3000/", [], ["blocked"]],
  ["http://[::1]/", [], ["blocked"]],
  ["http://10.1.2.3/", [], []],
  [`http://${PUBLIC}/`, [], []],
  ["https://hooks.example/inbox/t", [], []],
  ["mqtt://a.example/topic", [], []],
];
for (const [url, resolved, codes] of table) {
  const what = "kind" in resolved ? "cannot be looked up" : `resolves to ${resolved.join(", ") || "nothing"}`;
  test(`the URL ${url}, whose host ${what}, has the warnings [${codes}]`, async () => {
    expect(await codesOf(url, resolved)).toEqual(codes as never);
  });
}

test("a URL has no warnings if its host name is not resolved in time", async () => {
  expect(await codesOf("https://a.example/", [], AbortSignal.abort())).toEqual([]);
});

test("a warning about a host name says what to do and does not contain private addresses", async () => {
  const resolver: Resolver = { resolve: async () => ["192.168.0.1"] };
  const [warning] = await warnings("https://a.example/", resolver);
  expect(warning!.detail).toBe(
    "The host name a.example has no public address, so deliveries to it are blocked. Use a public URL, or ask the operator to add its address to allow-subnets.",
  );
});
