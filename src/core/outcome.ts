import type { Answer } from "../ports.ts";

/**
 * Why an attempt failed or a delivery became dead. This is the public `reason` of attempts and dead
 * letters.
 */
export const failureReasons = [
  "timeout",
  "connection",
  "dns",
  "tls",
  "blocked",
  "status_3xx",
  "status_4xx",
  "status_5xx",
  "gone",
  "disabled",
  "transformation",
  "function",
  "auth",
  "proxy",
] as const satisfies readonly string[];

export type FailureReason = (typeof failureReasons)[number];

/** The meaning of a response, before any decision about the delivery. */
export interface Outcome {
  readonly success: boolean;
  /** The reason of the failure. Null if and only if the attempt succeeded. */
  readonly reason: FailureReason | null;
  /** Whether the endpoint responded with 410 and therefore receives no more messages. */
  readonly gone: boolean;
  /** Whether the failure says nothing about the health of the endpoint. Absent means no. */
  readonly sparesEndpoint?: true;
  /**
   * Wait that the endpoint requested, in ms, from 0 to `retryAfterMsMax`. Null if it requested
   * none.
   */
  readonly retryAfterMs: number | null;
}

/** Maximum time by which an endpoint can postpone its deliveries, in ms. */
export const retryAfterMsMax = 24 * 60 * 60 * 1000;

const success: Outcome = { success: true, reason: null, gone: false, retryAfterMs: null };

/**
 * Classifies a response or transport failure. Never throws. Only 2xx is a success; redirects are
 * failures because they are not followed.
 */
export function classify(answer: Answer, nowMs: number): Outcome {
  if (answer.kind === "failure") {
    const outcome = failed(answer.reason);
    return answer.sparesEndpoint ? { ...outcome, sparesEndpoint: true } : outcome;
  }
  // The transformation does not want the message to be sent. That is no failure.
  if (answer.kind === "cancelled") return success;
  const { status } = answer;
  if (isSuccess(status)) return success;
  if (status === 410) return { success: false, reason: "gone", gone: true, retryAfterMs: null };
  return failed(
    answer.reason ?? reasonOfStatus(status),
    mayAskToWait(status) ? parseRetryAfter(answer.retryAfter, nowMs) : null,
  );
}

/** Returns whether a response with this status makes an attempt successful. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function failed(reason: FailureReason, retryAfterMs: number | null = null): Outcome {
  return { success: false, reason, gone: false, retryAfterMs };
}

function reasonOfStatus(status: number): FailureReason {
  if (status >= 400 && status < 500) return "status_4xx";
  if (status >= 100 && status < 400) return "status_3xx";
  return "status_5xx";
}

/**
 * Returns whether `Retry-After` applies to a request with this response status: only for 429 (RFC
 * 6585) and 503 (RFC 9110).
 */
function mayAskToWait(status: number): boolean {
  return status === 429 || status === 503;
}

/**
 * Parses a `Retry-After` header (RFC 9110, 10.2.3). Returns the wait in ms, at most
 * `retryAfterMsMax`. The value is a number of seconds, or a date in one of the three formats that a
 * recipient must accept. Returns null for other text and for past dates.
 */
export function parseRetryAfter(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : parseHttpDate(text, nowMs) - nowMs;
  return waitMs >= 0 ? Math.min(waitMs, retryAfterMsMax) : null;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const clock = "(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)";
const httpDateForms = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(`^[A-Z][a-z]{2}, (?<day>\\d\\d) (?<month>[A-Z][a-z]{2}) (?<year>\\d{4}) ${clock} GMT$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(`^[A-Z][a-z]{5,8}, (?<day>\\d\\d)-(?<month>[A-Z][a-z]{2})-(?<year>\\d\\d) ${clock} GMT$`),
  // Sun Nov  6 08:49:37 1994
  new RegExp(`^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \\d]\\d) ${clock} (?<year>\\d{4})$`),
];

/** Parses an HTTP date into ms since the Unix epoch. Returns NaN for any other text. */
function parseHttpDate(text: string, nowMs: number): number {
  for (const form of httpDateForms) {
    const part = form.exec(text)?.groups;
    if (part === undefined) continue;
    const month = months.indexOf(part.month!);
    if (month < 0) return Number.NaN;
    const year = part.year!.length === 2 ? fullYear(Number(part.year), nowMs) : Number(part.year);
    return Date.UTC(year, month, Number(part.day), Number(part.hour), Number(part.minute), Number(part.second));
  }
  return Number.NaN;
}

/**
 * Expands a two-digit year. A year that appears to be more than 50 years ahead is the latest past
 * year with these digits (RFC 9110, 5.6.7).
 */
function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}
