import { clientTls } from "../core/pem.ts";
import type { ClientTls } from "../ports.ts";
import type { TargetEndpoint } from "./target.ts";

/** Returns how TLS verifies the receiver of an endpoint and identifies this server to it. Null means the defaults. */
export function tlsOf({ auth = null, tls = null }: Pick<TargetEndpoint, "auth" | "tls">): ClientTls | null {
  if (auth?.type === "mtls") return clientTls(auth.ca ?? tls?.ca ?? null, auth);
  return tls === null ? null : clientTls(tls.ca, null);
}
