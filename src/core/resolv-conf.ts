import ipaddr from "ipaddr.js";

/**
 * The name servers that a `resolv.conf` (resolv.conf(5)) lists, as literal addresses in its order. Link-local ones with
 * a zone (`fe80::1%eth0`) are left out: nobody could tell the runtime the zone.
 */
export function nameServersOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => /^nameserver[ \t]+(?<address>[^\s#;]+)/.exec(line)?.groups?.address ?? "")
    .filter(isAddress);
}

function isAddress(text: string): boolean {
  if (text.includes("%")) return false;
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (text.includes(":") && ipaddr.IPv6.isValid(text));
}
