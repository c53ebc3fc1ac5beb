import type { Provider } from "../../src/receive/provider.ts";
import { findProvider } from "../../src/receive/providers/index.ts";
import type { Cause, ReceivedRequest, Receiver } from "../../src/receive/receiver.ts";
import { receiverOf } from "../../src/receive/receiver-of.ts";
import more from "./fixtures/more-vectors.json";
import list from "./fixtures/vectors.json";

/** A request that a provider could have sent, and what a correct check says about it. */
export interface Vector {
  readonly provider: string;
  readonly description: string;
  /** As pasted by the operator. */
  readonly secret: string;
  readonly secrets?: readonly string[];
  /** Further fields of the configuration. `certificateUrl` is the address of `certificate`. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly method: string;
  /** The URL that the provider used. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyBase64?: string;
  /** The time of the check in seconds since the Unix epoch. */
  readonly now: number;
  readonly expect: "valid" | "invalid" | "handshake";
  readonly reason?: Cause;
  /** What the row's expressions read, for some valid requests. */
  readonly eventType?: string;
  readonly deliveryId?: string;
  readonly answer?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly bodyMatch?: "exact" | "json" | "contains" | "any";
    readonly capture?: { readonly secret: string };
    readonly fetch?: string;
  };
}

export const vectors = [...list, ...more] as unknown as readonly Vector[];

/** Returns the configuration of the source in a vector. */
export function configOf(vector: Vector, { config: fields }: Provider): Record<string, unknown> {
  const { certificateUrl: _, ...options } = vector.options ?? {};
  const isPublic = !fields.some(({ name }) => name === "secret");
  return {
    ...(vector.secret !== "" && { [isPublic ? "publicKey" : "secret"]: vector.secret }),
    ...(vector.secrets !== undefined && { secrets: vector.secrets }),
    ...options,
  };
}

/** Returns the request of a vector as the door would pass it on. */
export function requestOf(vector: Vector): ReceivedRequest {
  const { method, url, body, bodyBase64 } = vector;
  const query = url.includes("?") ? url.slice(url.indexOf("?")) : "";
  const headers = Object.entries(vector.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    method,
    url,
    suffix: "",
    query,
    headers: Object.fromEntries(headers),
    body: bodyBase64 === undefined ? Buffer.from(body ?? "") : Buffer.from(bodyBase64, "base64"),
  };
}

/** Returns the receiver of the source in a vector. Throws if the table has no such row. */
export function receiverFor(vector: Vector): Receiver {
  const provider = findProvider(vector.provider);
  if (provider === null) throw new Error(`The table has no provider ${vector.provider}.`);
  const url = vector.url.split("?")[0]!;
  return receiverOf(provider, configOf(vector, provider), { verification: "enforce", url });
}
