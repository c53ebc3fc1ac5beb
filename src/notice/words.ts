import type { FailureReason } from "../core/outcome.ts";
import type { DisabledCause } from "../store/index.ts";

/** Why the latest attempt failed, as a sentence without a full stop. */
const REASONS: Readonly<Record<FailureReason, string>> = {
  timeout: "the endpoint did not respond in time",
  connection: "the connection failed",
  dns: "the host name could not be resolved",
  tls: "the TLS connection failed; check the certificate",
  blocked: "the address is not allowed; see allow-subnets",
  status_3xx: "the endpoint responded with a redirect (3xx)",
  status_4xx: "the endpoint responded with a client error (4xx)",
  status_5xx: "the endpoint responded with a server error (5xx)",
  gone: "the endpoint responded with 410 Gone",
  disabled: "the endpoint was disabled",
  transformation: "the transformation failed",
  function: "the function failed",
  auth: "no access token could be obtained",
  proxy: "the outgoing proxy failed",
};

const CAUSES: Readonly<Record<DisabledCause, string>> = {
  gone: "the endpoint responded with 410 Gone",
  failing: "every attempt failed for the time set by endpoint-disable-after",
  manual: "a request disabled it",
};

export function reasonWords(reason: FailureReason | null): string {
  return reason === null ? "not known" : REASONS[reason];
}

export function causeWords(cause: DisabledCause | null): string {
  return cause === null ? "not known" : CAUSES[cause];
}

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/** Returns a duration in its largest unit of which there are at least two, such as `10 minutes`. */
export function aboutDuration(ms: number): string {
  const [unit, worth] = UNITS.find(([, size]) => ms >= 2 * size) ?? (["second", 1000] as const);
  const count = Math.max(0, Math.floor(ms / worth));
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** Returns a time for people: `2026-01-01 00:00:00 UTC`. */
export function timeWords(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Returns the URL without its query, which may contain secrets. */
export function shownUrl(url: string): string {
  const [before = ""] = url.split(/[?#]/, 1);
  return before.length === url.length ? url : `${before}?…`;
}
