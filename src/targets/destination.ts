import { addressAllowed, literalAddress } from "../core/address.ts";
import type { FindAddresses, Unreachable } from "../ports.ts";
import type { TargetParts, TargetPolicy } from "./target.ts";

/** Where a request is sent: the URL for the receiver, and the literal IP addresses to connect to. */
export interface Destination {
  readonly url: URL;
  readonly addresses: readonly string[];
  /** Whether the URL leads to an inbox of this server. */
  readonly isLocal: boolean;
}

/** The addresses of a host name, and the addresses among them that the policy allows. */
interface Resolved {
  readonly addresses: readonly string[];
  readonly destination: Destination;
}

/** Finds the addresses to which requests to a URL are sent, and applies the address policy. */
export class DestinationFinder {
  /**
   * The destination, if the URL contains an IP address or leads to an inbox, or the failure if the
   * IP address is not allowed. Null if the host name must be resolved for each request.
   */
  readonly known: Destination | Unreachable | null;
  /** The host name's addresses in the latest lookup. */
  #resolved: Resolved | null = null;

  constructor(
    private readonly url: URL,
    private readonly parts: Pick<TargetParts, "ports" | "policy">,
  ) {
    this.known = knownDestination(url, parts.policy);
  }

  /**
   * Resolves the host name to the addresses that the policy allows. Requests connect to the IP
   * addresses that were checked, so that a second lookup cannot return other addresses.
   */
  async resolve(signal: AbortSignal): Promise<Destination | Unreachable> {
    const host = this.url.hostname;
    const addresses = await this.parts.ports.resolver.resolve(host, signal);
    if ("kind" in addresses) return addresses;
    if (signal.aborted) return failure("timeout", `The host name ${host} was not resolved in time.`);
    if (addresses.length === 0) return failure("dns", `The host name ${host} could not be resolved.`);
    const destination = this.#allowed(addresses);
    return destination.addresses.length === 0 ? blocked(addresses[0]!) : destination;
  }

  /** Applies the address policy, once per lookup. */
  #allowed(addresses: readonly string[]): Destination {
    if (this.#resolved?.addresses === addresses) return this.#resolved.destination;
    const { allowSubnets } = this.parts.policy;
    const allowed = [...new Set(addresses)].filter((address) => addressAllowed(address, allowSubnets));
    this.#resolved = { addresses, destination: { url: this.url, addresses: allowed, isLocal: false } };
    return this.#resolved.destination;
  }
}

/**
 * Returns a function that finds the addresses of hosts that no URL of a user names, such as the brokers
 * of a cluster.
 */
export function addressFinder(parts: Pick<TargetParts, "ports" | "policy">): FindAddresses {
  return async (host, signal) => {
    const url = URL.parse(`http://${host.includes(":") ? `[${host}]` : host}/`);
    const isHost = url !== null && url.href === `http://${url.hostname}/`;
    if (!isHost) return failure("dns", "The cluster named a broker whose host is invalid.");
    const finder = new DestinationFinder(url, parts);
    const found = finder.known ?? (await finder.resolve(signal));
    return "addresses" in found ? found.addresses : found;
  };
}

function knownDestination(url: URL, { inbox, allowSubnets }: TargetPolicy): Destination | Unreachable | null {
  const local = inbox(url);
  if (local !== null) return { url: local, addresses: [local.hostname], isLocal: true };
  const address = literalAddress(url.hostname);
  if (address === null) return null;
  return addressAllowed(address, allowSubnets) ? { url, addresses: [address], isLocal: false } : blocked(address);
}

function failure(reason: "timeout" | "dns" | "blocked", detail: string): Unreachable {
  return { kind: "failure", reason, detail };
}

function blocked(address: string): Unreachable {
  return failure(
    "blocked",
    `The address ${address} is not public. Requests to it are blocked unless allow-subnets contains it.`,
  );
}
