import { addressAllowed, literalAddress } from "../core/address.ts";
import type { IdCodec } from "../core/id.ts";
import { sign, signatureHeaders } from "../core/signature.ts";
import type { Answer, Clock, OutgoingRequest, Resolver, Transport } from "../ports.ts";
import type { EndpointEntry } from "../store/directory.ts";
import type { MessageContent } from "../store/index.ts";
import type { DeliveryPolicy } from "./policy.ts";

const DEFAULT_CONTENT_TYPE = "application/json";

export interface AttemptPorts {
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly transport: Transport;
}

/**
 * One try: find and check the address, sign, send, read the answer. Never rejects. The signature is of this moment, so that
 * receivers with a tolerance for old timestamps accept retries too.
 */
export async function attempt(
  { clock, resolver, transport }: AttemptPorts,
  policy: DeliveryPolicy,
  ids: IdCodec,
  entry: EndpointEntry,
  content: MessageContent & { readonly payload: Uint8Array },
  signal: AbortSignal,
): Promise<Answer> {
  const url = inboxUrl(entry.url, policy) ?? entry.url;
  const address = url === entry.url ? await addressOf(url, resolver, policy, signal) : url.hostname;
  if (typeof address !== "string") return address;
  const request: OutgoingRequest = {
    url,
    address,
    headers: headersOf(policy, ids.encode("msg_", content.seq), Math.floor(clock.now() / 1000), entry, content),
    body: content.payload,
    responseBytesMax: policy.maxResponseStoredBytes,
  };
  return transport.send(request, signal);
}

/** Our own inbox is reached where we listen, not by way of the public address. */
function inboxUrl(url: URL, { inbox }: DeliveryPolicy): URL | null {
  if (inbox === null || !url.href.startsWith(inbox.prefix)) return null;
  return new URL(url.pathname + url.search, inbox.origin);
}

function addressOf(
  url: URL,
  resolver: Resolver,
  policy: DeliveryPolicy,
  signal: AbortSignal,
): string | Answer | Promise<string | Answer> {
  const literal = literalAddress(url.hostname);
  if (literal === null) return lookUp(url.hostname, resolver, policy, signal);
  return addressAllowed(literal, policy.allowSubnets) ? literal : blocked(literal);
}

/** Looks a name up and picks the first of its addresses that may be reached. The connection is made to that address, so the
 * name cannot mean another one a moment later. */
async function lookUp(
  host: string,
  resolver: Resolver,
  policy: DeliveryPolicy,
  signal: AbortSignal,
): Promise<string | Answer> {
  const addresses = await resolver.resolve(host, signal);
  if (signal.aborted)
    return { kind: "failure", reason: "timeout", detail: `The name ${host} was not resolved in time.` };
  if (addresses.length === 0) return { kind: "failure", reason: "dns", detail: `The name ${host} has no address.` };
  return addresses.find((address) => addressAllowed(address, policy.allowSubnets)) ?? blocked(addresses[0]!);
}

function blocked(address: string): Answer {
  return {
    kind: "failure",
    reason: "blocked",
    detail: `The address ${address} is not public. Requests to it are blocked unless allow-subnets contains it.`,
  };
}

function headersOf(
  policy: DeliveryPolicy,
  messageId: string,
  timestampSeconds: number,
  { endpoint, url, keys }: EndpointEntry,
  content: MessageContent & { readonly payload: Uint8Array },
): [string, string][] {
  const signature = sign(keys, messageId, timestampSeconds, content.payload);
  const headers: [string, string][] = [
    ["Content-Type", content.contentType ?? DEFAULT_CONTENT_TYPE],
    ["User-Agent", policy.userAgent],
  ];
  if (url.username !== "" || url.password !== "") headers.push(["Authorization", basicAuth(url)]);
  for (const name in endpoint.headers) headers.push([name, endpoint.headers[name]!]);
  if (content.headers !== null) for (const name in content.headers) headers.push([name, content.headers[name]!]);
  // Last, so that nothing above can stand in for the signature.
  for (const header of signatureHeaders(policy.signatureHeaders, messageId, timestampSeconds, signature)) {
    headers.push(header);
  }
  return headers;
}

function basicAuth(url: URL): string {
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(user, "utf8").toString("base64")}`;
}
