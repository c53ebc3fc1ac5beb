import type { Answer, TransportFailure } from "../../ports.ts";

/** The reason why a connection could not be opened or has ended. */
export interface ConnectionEnd {
  /** An error code such as `ECONNRESET`; empty after a FIN. */
  readonly code: string;
  /** Whether the TLS handshake or session failed. */
  readonly isTls: boolean;
  /** A sentence about the proxy, if no tunnel through it could be opened. */
  readonly proxy?: string;
  /** The address of the proxy, if `code` is about the connection to it. */
  readonly proxyAddress?: string;
  /** Whether no connection to the proxy could be opened, so that other addresses fail as well. */
  readonly isProxyDown?: boolean;
}

export const timedOut: Answer = failure("timeout", "The endpoint did not respond in time.");
export const tooSlow: Answer = failure("timeout", "The endpoint did not accept a connection in time.");
export const proxyTooSlow: Answer = failure("proxy", "The proxy did not accept a connection in time.");
export const tunnelTooSlow: Answer = failure("timeout", "The proxy did not connect to the endpoint in time.");
export const notHttp: Answer = failure("connection", "The response is not HTTP/1.1.");

/**
 * Returns the failure of a request whose connection ended before the whole response was received.
 */
export function failureOf({ code, isTls, proxy }: ConnectionEnd, hasResponseBegun: boolean): Answer {
  if (proxy !== undefined) return failure("proxy", proxy);
  if (isTls) return failure("tls", `The TLS connection failed (${code}).`);
  if (code === "ECONNREFUSED") return failure("connection", "The connection was refused.");
  if (code === "EPERM" || code === "EACCES") {
    return failure("connection", `A firewall on the sending machine forbids the connection (${code}).`);
  }
  if (code === "ETIMEDOUT") return failure("timeout", `The connection failed (${code}).`);
  if (code !== "" && code !== "ECONNRESET" && code !== "EPIPE") {
    return failure("connection", `The connection failed (${code}).`);
  }
  const place = hasResponseBegun ? "in the middle of the response" : "before the response";
  return failure("connection", `The connection was closed ${place}.`);
}

export function unsendable(header: string): Answer {
  return failure("connection", `The header ${header} cannot be sent. The request was not sent.`);
}

function failure(reason: TransportFailure, detail: string): Answer {
  return { kind: "failure", reason, detail };
}
