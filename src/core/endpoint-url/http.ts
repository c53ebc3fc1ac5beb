import { hostOfUrl, type UrlScheme } from "./scheme.ts";

/** Returns whether deliveries to a URL are HTTP requests. */
export function isHttp({ protocol }: URL): boolean {
  return protocol === "https:" || protocol === "http:";
}

/**
 * `https` and `http`. User and password are sent as Basic authorization. Whether the host may be
 * reached is checked at each attempt.
 */
export const httpScheme: UrlScheme = {
  names: ["https", "http"],
  hasHost: true,
  problem: () => null,
  clearTextProblem: ({ protocol }) => (protocol === "https:" ? null : "Must be an https URL."),
  remoteHost: hostOfUrl,
  unsupported: ({ auth }, { protocol }) =>
    auth?.type === "mtls" && protocol !== "https:"
      ? { field: "auth", msg: "A client certificate needs an https URL." }
      : null,
  isChallenged: true,
};
