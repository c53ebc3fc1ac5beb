import type { Cause, ExampleRequest } from "../receiver.ts";
import { RequestView } from "../request-view.ts";
import type { Encoding } from "./bytes.ts";
import type { SourceConfig } from "./scheme.ts";
import type { Algorithm } from "./signature-format.ts";

export type SignedParts = readonly (string | Uint8Array)[];

/** A signature of a request and what it must cover. */
export interface RuleSignature {
  /** The encoded signatures of which one must be right. */
  readonly signatures: readonly string[];
  /** The strings of which one must be signed. */
  readonly texts: readonly SignedParts[];
  readonly time?: string;
  /** Replaces the algorithm of the parameters. */
  readonly algorithm?: Algorithm;
  /** Replaces the encoding of the parameters. */
  readonly encoding?: Encoding;
  /** Whether it is a plain hash with the secret in front instead of an HMAC. */
  readonly isPlainHash?: boolean;
  /** Why a request whose signature is right is refused all the same. */
  readonly flaw?: Cause | null;
}

/** How a provider signs. */
export interface Rule {
  /** Returns the signatures of a request, all of which must be right, or why there are none. */
  read(request: RequestView, config: SourceConfig): readonly RuleSignature[] | Cause;
  /** Returns a signed copy of an example. */
  sign(example: RuleExample): ExampleRequest;
}

export interface RuleExample {
  readonly request: ExampleRequest;
  /** The registered URL, followed by the query. */
  readonly url: string;
  readonly config: SourceConfig;
  /** The time in the provider's unit. */
  readonly time: string;
  /** Returns the encoded HMAC of a text. */
  readonly digest: (parts: SignedParts, algorithm?: Algorithm) => string;
}

/** Returns an example as the view that a check would get. */
export function viewOfExample(request: ExampleRequest, url: string): RequestView {
  const headers = Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return new RequestView({ ...request, url, suffix: "", headers: Object.fromEntries(headers) });
}
