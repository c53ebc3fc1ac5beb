import { addressAllowed, literalAddress } from "../core/address.ts";
import { isHttp } from "../core/endpoint-url/http.ts";
import { urlScheme } from "../core/endpoint-url/index.ts";
import { notThroughProxy } from "./remote.ts";
import type { TargetParts } from "./target.ts";

/** A problem with the URL of an endpoint that was found before its first delivery. */
export interface TargetWarning {
  /**
   * `blocked`: every attempt will be blocked. `dns`: the host name does not exist. `private`: some
   * addresses of the host name are private and skipped; others are used.
   */
  readonly code: "blocked" | "dns" | "private";
  /** The problem and what to do about it, as text for users. */
  readonly detail: string;
}

const ALLOW = "or ask the operator to add its address to allow-subnets.";

/**
 * Returns the warnings for a URL. Returns none if the lookup of the host name fails or does not end
 * before `signal` aborts. Warnings do not contain the addresses of a host name, because users who
 * create endpoints must not learn addresses inside the operator's network.
 */
export async function warningsOf(
  address: string,
  { ports, policy }: Pick<TargetParts, "ports" | "policy">,
  signal: AbortSignal,
): Promise<readonly TargetWarning[]> {
  const url = new URL(address);
  const host = urlScheme(url.protocol)?.remoteHost(url) ?? null;
  if (host === null || policy.inbox(url) !== null) return [];
  if (policy.isProxied === true && !isHttp(url)) return [{ code: "blocked", detail: notThroughProxy }];
  const isAllowed = (one: string) => addressAllowed(one, policy.allowSubnets);
  const literal = literalAddress(host);
  if (literal !== null) return isAllowed(literal) ? [] : [blocked(`The address ${literal} is not public`)];
  const addresses = await ports.resolver.resolve(host, signal);
  if ("kind" in addresses || signal.aborted) return [];
  if (addresses.length === 0) {
    return [
      { code: "dns", detail: `The host name ${host} could not be resolved. Check its spelling and its DNS records.` },
    ];
  }
  const allowed = addresses.filter(isAllowed).length;
  if (allowed === 0) return [blocked(`The host name ${host} has no public address`)];
  // On most machines `localhost` also resolves to ::1, which is as harmless as 127.0.0.1.
  if (allowed === addresses.length || host === "localhost") return [];
  const detail = `The host name ${host} also has addresses that are not public and are never used. Remove them from its DNS records, ${ALLOW}`;
  return [{ code: "private", detail }];
}

function blocked(what: string): TargetWarning {
  return { code: "blocked", detail: `${what}, so deliveries to it are blocked. Use a public URL, ${ALLOW}` };
}
