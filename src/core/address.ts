import ipaddr from "ipaddr.js";

/**
 * Which addresses may be delivered to. Public ones, and whatever the operator allowed; everything else could be a
 * service inside the operator's network that trusts whoever reaches it.
 */

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** A range of addresses, as `parseSubnet` makes it. */
export interface Subnet {
  readonly base: Address;
  /** Leading bits that count: 0 to 32 or 128. */
  readonly bits: number;
}

/** Every IPv4 range that is not public (IANA's special-purpose registry), and one that only looks public. */
const refusedV4 = subnets([
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private
  "100.64.0.0/10", // carrier-grade NAT
  "127.0.0.0/8", // loopback
  "168.63.129.16/32", // services of the Azure platform, reachable from inside its machines only
  "169.254.0.0/16", // link-local, with the metadata services of the clouds
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relays
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarking
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved and broadcast
]);

/**
 * The only IPv6 space that is handed out to the public. Outside of it lie loopback, link-local, site-local and unique
 * local (with the metadata address fd00:ec2::254), multicast, discard (100::/64), segment routing (5f00::/16),
 * translated IPv4 (64:ff9b::/96, 64:ff9b:1::/48) and IPv4-compatible addresses.
 */
const globalV6 = subnets(["2000::/3"]);

/** What inside of it is not public. */
const refusedV6 = subnets([
  "2001::/23", // protocol assignments: Teredo, benchmarking, ORCHID
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4: holds an IPv4 address that would be reached through a relay
  "3fff::/20", // documentation
]);

function subnets(texts: readonly string[]): readonly Subnet[] {
  return texts.map((text) => parseSubnet(text)!);
}

/** Reads `10.0.0.0/8`, `fd00::/8`, or a single address. Null when it is neither. */
export function parseSubnet(cidr: string): Subnet | null {
  const [addressText = "", bitsText, ...rest] = cidr.split("/");
  const address = parseAddress(addressText);
  if (address === null || rest.length > 0) return null;
  const bitsMax = address.kind() === "ipv4" ? 32 : 128;
  const bits = Number(bitsText ?? bitsMax);
  if ((bitsText !== undefined && !/^\d{1,3}$/.test(bitsText)) || bits > bitsMax) return null;
  // A mapped range is the IPv4 range that it holds, because a mapped address is judged as what it holds.
  const held = bits >= 96 ? unmapped(address) : address;
  return held === address ? { base: address, bits } : { base: held, bits: bits - 96 };
}

/** Could anybody on the Internet be meant by it? False for what is no literal address. */
export function isPublicAddress(ip: string): boolean {
  const address = parseAddress(ip);
  return address !== null && isPublic(unmapped(address));
}

/** May this literal address be connected to? Allowed subnets win over the policy. False for what is no address. */
export function addressAllowed(ip: string, allow: readonly Subnet[]): boolean {
  const parsed = parseAddress(ip);
  if (parsed === null) return false;
  const address = unmapped(parsed);
  return isPublic(address) || isInAny(address, allow);
}

/** The address in a `URL.hostname` that is one, without the brackets of IPv6; null for names. */
export function literalAddress(urlHostname: string): string | null {
  if (urlHostname.startsWith("[") && urlHostname.endsWith("]")) return urlHostname.slice(1, -1);
  return ipaddr.IPv4.isValidFourPartDecimal(urlHostname) ? urlHostname : null;
}

function isPublic(address: Address): boolean {
  if (address.kind() === "ipv4") return !isInAny(address, refusedV4);
  return isInAny(address, globalV6) && !isInAny(address, refusedV6);
}

function isInAny(address: Address, ranges: readonly Subnet[]): boolean {
  for (const { base, bits } of ranges) {
    if (base.kind() === address.kind() && address.match(base, bits)) return true;
  }
  return false;
}

/** Strict: no octal, hexadecimal or short forms of IPv4, no zones of IPv6, which other parsers read differently. */
function parseAddress(text: string): Address | null {
  if (!text.includes(":")) return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : null;
  const plain = text.includes(".") ? withoutDots(text) : text;
  return plain !== null && !plain.includes("%") && ipaddr.IPv6.isValid(plain) ? ipaddr.IPv6.parse(plain) : null;
}

/** `::ffff:1.2.3.4` → `::ffff:102:304`, because the library takes `::1.2.3.4` for a mapped address, which it is not. */
function withoutDots(text: string): string | null {
  const tailAt = text.lastIndexOf(":") + 1;
  const tail = text.slice(tailAt);
  if (!ipaddr.IPv4.isValidFourPartDecimal(tail)) return null;
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(tail).octets;
  return `${text.slice(0, tailAt)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** Of an IPv4-mapped address (::ffff:a.b.c.d), which connects to a.b.c.d, that; any other as it is. */
function unmapped(address: Address): Address {
  if (address.kind() === "ipv4") return address;
  const v6 = address as ipaddr.IPv6;
  return v6.isIPv4MappedAddress() ? v6.toIPv4Address() : v6;
}
