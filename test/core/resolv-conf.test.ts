import { expect, test } from "bun:test";
import { nameServersOf } from "../../src/core/resolv-conf.ts";

const table: [what: string, text: string, servers: string[]][] = [
  ["no content", "", []],
  ["several servers, in order", "nameserver 192.0.2.2\nnameserver 192.0.2.1\n", ["192.0.2.2", "192.0.2.1"]],
  ["an IPv6 server", "nameserver 2001:db8::53", ["2001:db8::53"]],
  [
    "tabs, carriage returns and a trailing comment",
    "nameserver\t192.0.2.1\r\nnameserver 192.0.2.2#x\n",
    ["192.0.2.1", "192.0.2.2"],
  ],
  [
    "other lines, which are ignored",
    "# nameserver 192.0.2.1\n;nameserver 192.0.2.1\nsearch nameserver\noptions ndots:2\n",
    [],
  ],
  [
    "a link-local server with a zone, which is ignored",
    "nameserver fe80::1%eth0\nnameserver 192.0.2.1\n",
    ["192.0.2.1"],
  ],
  [
    "values that are not addresses, which are ignored",
    "nameserver ns.example\nnameserver 127.1\nnameserver\nnameservers 192.0.2.1\n",
    [],
  ],
];

for (const [what, text, servers] of table) {
  test(`name servers are read from a resolv.conf with ${what}`, () => {
    expect(nameServersOf(text)).toEqual(servers);
  });
}
