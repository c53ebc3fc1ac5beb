/** Rules that the URLs of brokers share. */

import type { EndpointFeatures, Unsupported } from "./scheme.ts";

/** Decodes a part of a URL. Returns null if it contains an invalid percent escape. */
export function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Returns the error if a URL has a fragment, or a parameter that is unknown or repeated; otherwise null. */
export function extraPartProblem({ hash, searchParams }: URL, known: readonly string[]): string | null {
  if (hash !== "") return "The URL must not contain `#`.";
  const names = [...searchParams.keys()];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) return `The URL has the unknown parameter ${unknown}. Known: ${known.join(", ")}.`;
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  return repeated === undefined ? null : `The URL has the parameter ${repeated} twice.`;
}

/**
 * Returns the first setting of an endpoint that brokers do not support, or null. `encryption` names what
 * makes a connection encrypted.
 */
export function unsupportedByBroker(
  { batch, auth, tls }: EndpointFeatures,
  isEncrypted: boolean,
  encryption: string,
): Unsupported | null {
  if (batch !== null) return { field: "batch", msg: "A broker gets each message alone. Remove `batch`." };
  if (auth !== null && auth.type !== "mtls") {
    return { field: "auth", msg: "A broker gets user and password from the URL. Remove `auth`." };
  }
  if (auth !== null && !isEncrypted) return { field: "auth", msg: `A client certificate needs ${encryption}.` };
  return tls === null || isEncrypted ? null : { field: "tls", msg: `\`tls\` needs ${encryption}.` };
}
