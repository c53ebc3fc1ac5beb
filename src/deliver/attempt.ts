import { addressAllowed, literalAddress } from "../core/address.ts";
import type { IdCodec } from "../core/id.ts";
import { sign, signatureHeaders } from "../core/signature.ts";
import type { Answer, Clock, OutgoingRequest, Resolver, Transport } from "../ports.ts";
import type { EndpointEntry } from "../store/directory.ts";
import type { MessageContent } from "../store/index.ts";
import type { DeliveryPolicy } from "./policy.ts";

const DEFAULT_CONTENT_TYPE = "application/json";

/** A message whose payload is there. */
export type SendableContent = MessageContent & { readonly payload: Uint8Array };

/** Where a request goes: the URL as the receiver sees it, and the literal address that is connected to. */
interface Target {
  readonly url: URL;
  readonly address: string;
}

export interface AttemptPorts {
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly transport: Transport;
}

/** One try after the other: find and check the address, sign, send, read the answer. */
export class Attempter {
  /** What is known of an address without asking anybody, so that it is judged once and not for every attempt. */
  readonly #fixed = new WeakMap<URL, Target | Answer>();

  constructor(
    private readonly ports: AttemptPorts,
    private readonly policy: DeliveryPolicy,
    private readonly ids: IdCodec,
  ) {}

  /** The signature is of this moment, so that receivers with a tolerance for old timestamps accept retries too. */
  async attempt(entry: EndpointEntry, content: SendableContent, signal: AbortSignal): Promise<Answer> {
    const { clock, transport } = this.ports;
    const target = this.#fixed.get(entry.url) ?? (await this.#find(entry.url, signal));
    if ("kind" in target) return target;
    const messageId = this.ids.encode("msg_", content.seq);
    const request: OutgoingRequest = {
      url: target.url,
      address: target.address,
      headers: headersOf(this.policy, messageId, Math.floor(clock.now() / 1000), entry, content),
      body: content.payload,
      responseBytesMax: this.policy.maxResponseStoredBytes,
    };
    return transport.send(request, signal);
  }

  async #find(url: URL, signal: AbortSignal): Promise<Target | Answer> {
    const inbox = this.policy.inbox(url);
    const literal = inbox === null ? literalAddress(url.hostname) : null;
    if (inbox === null && literal === null) return lookUp(url, this.ports.resolver, this.policy, signal);
    const target = inbox === null ? judged(url, literal!, this.policy) : { url: inbox, address: inbox.hostname };
    this.#fixed.set(url, target);
    return target;
  }
}

/** The address may be reached, or the answer is that it is blocked. */
function judged(url: URL, address: string, policy: DeliveryPolicy): Target | Answer {
  return addressAllowed(address, policy.allowSubnets) ? { url, address } : blocked(address);
}

/** Looks a name up and picks the first of its addresses that may be reached. The connection is made to that address, so the
 * name cannot mean another one a moment later. */
async function lookUp(
  url: URL,
  resolver: Resolver,
  policy: DeliveryPolicy,
  signal: AbortSignal,
): Promise<Target | Answer> {
  const host = url.hostname;
  const addresses = await resolver.resolve(host, signal);
  if (signal.aborted)
    return { kind: "failure", reason: "timeout", detail: `The name ${host} was not resolved in time.` };
  if (addresses.length === 0)
    return { kind: "failure", reason: "dns", detail: `The name ${host} could not be resolved.` };
  const allowed = addresses.find((address) => addressAllowed(address, policy.allowSubnets));
  return allowed === undefined ? blocked(addresses[0]!) : { url, address: allowed };
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
  content: SendableContent,
): [string, string][] {
  const signature = sign(keys, messageId, timestampSeconds, content.payload);
  const headers: [string, string][] = [
    ["Content-Type", content.contentType ?? DEFAULT_CONTENT_TYPE],
    ["User-Agent", policy.userAgent],
  ];
  if (url.username !== "" || url.password !== "") headers.push(["Authorization", basicAuth(url)]);
  for (const name in endpoint.headers) setHeader(headers, name, endpoint.headers[name]!);
  if (content.headers !== null) for (const name in content.headers) setHeader(headers, name, content.headers[name]!);
  // Last, so that nothing above can stand in for the signature.
  for (const header of signatureHeaders(policy.signatureHeaders, messageId, timestampSeconds, signature)) {
    headers.push(header);
  }
  return headers;
}

/** The later of two headers of one name counts: the message's over the endpoint's, the endpoint's over ours. */
function setHeader(headers: [string, string][], name: string, value: string): void {
  const at = headers.findIndex(([other]) => other.toLowerCase() === name.toLowerCase());
  if (at >= 0) headers[at] = [name, value];
  else headers.push([name, value]);
}

function basicAuth({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${percentDecoded(username)}:${percentDecoded(password)}`, "latin1").toString("base64")}`;
}

/** Its bytes, one a character. What is no escape stands for itself, as the URL standard has it: a URL may hold a bare `%`. */
function percentDecoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
