import ipaddr from "ipaddr.js";

/**
 * Returns the name servers in a `resolv.conf` (resolv.conf(5)) as IP addresses, in the order of the
 * file. Link-local addresses with a zone (`fe80::1%eth0`) are excluded, because the runtime does
 * not accept zones.
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
