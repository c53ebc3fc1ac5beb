import type { Endpoint, FailureReason } from "../../src/api/types.ts";

/** Texts for the reasons of failures. */
export const REASONS: Readonly<Record<FailureReason, string>> = {
  timeout: "timeout",
  connection: "connection failed",
  dns: "host name not found",
  tls: "TLS error",
  blocked: "address not allowed",
  status_3xx: "redirect (3xx)",
  status_4xx: "client error (4xx)",
  status_5xx: "server error (5xx)",
  gone: "endpoint gone (410)",
  disabled: "endpoint disabled",
  transformation: "transformation failed",
  function: "function failed",
  auth: "no access token",
  proxy: "outgoing proxy failed",
};

/** Returns the text for a reason. A reason of a newer server is returned unchanged. */
export function reasonText(reason: string): string {
  return Object.hasOwn(REASONS, reason) ? REASONS[reason as FailureReason] : reason;
}

/** Short texts for the causes that disable endpoints, to choose from. */
export const DISABLED_CAUSE_NAMES: Readonly<Record<NonNullable<Endpoint["disabledCause"]>, string>> = {
  gone: "responded with 410 Gone",
  failing: "failed for too long",
  manual: "by a request",
};

/** Texts for the causes that disable endpoints, to follow "disabled". */
export const DISABLED_CAUSES: Readonly<Record<NonNullable<Endpoint["disabledCause"]>, string>> = {
  gone: "because it responded with 410 Gone",
  failing: "because every attempt failed for too long",
  manual: "by a request",
};
