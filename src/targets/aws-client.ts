import { awsSignature } from "../core/aws-signature.ts";
import type { AwsCredentials } from "../core/aws-url.ts";
import type { Answer, ClientTls, Shortage } from "../ports.ts";
import { DestinationFinder } from "./destination.ts";
import type { TargetParts } from "./target.ts";

/** Where the requests of a client go, and with which keys they are signed. */
export interface AwsClientOptions {
  readonly service: "sqs" | "lambda";
  readonly region: string;
  readonly requestUrl: URL;
  readonly credentials: AwsCredentials;
  readonly tls: ClientTls | null;
}

export interface AwsCall {
  /** The headers besides those of the signature. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
  readonly responseBytesMax: number;
}

/** Sends signed requests to one address of an AWS service, over the HTTP client of deliveries. */
export class AwsClient {
  readonly #finder: DestinationFinder;

  constructor(
    private readonly parts: Pick<TargetParts, "ports" | "policy">,
    private readonly options: AwsClientOptions,
  ) {
    this.#finder = new DestinationFinder(options.requestUrl, parts);
  }

  /** Sends a request and returns the response as received, with its headers. */
  async send(call: AwsCall, signal: AbortSignal): Promise<Answer | Shortage> {
    const { ports, policy } = this.parts;
    const { requestUrl, service, region, credentials, tls } = this.options;
    const found = this.#finder.known ?? (await this.#finder.resolve(signal));
    if ("kind" in found) return found;
    const { body, timeoutMs, responseBytesMax } = call;
    const request = { method: "POST" as const, url: requestUrl, headers: call.headers, body };
    const signature = awsSignature(request, { service, region, credentials, at: ports.clock.now() });
    // AWS reads the user agent, but proxies may change it, so it is not signed.
    const headers = [...call.headers, ...signature, ["User-Agent", policy.userAgent] as const];
    const { addresses, isLocal } = found;
    const outgoing = { ...request, headers, addresses, isLocal, timeoutMs, responseBytesMax, tls, keepsHeaders: true };
    return ports.transport.send(outgoing, signal);
  }
}
