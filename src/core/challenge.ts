import type { Answer } from "../ports.ts";
import { classify, failureReasons, isSuccess } from "./outcome.ts";

/**
 * The ownership challenge: before an endpoint receives messages, its receiver shows that it wants
 * them. It repeats a random text, or permits this server as a sender (CloudEvents).
 */

/** Why a try failed. `no_challenge`: a 2xx response without the challenge. */
export const challengeReasons = [
  ...failureReasons.filter((reason) => reason !== "disabled" && reason !== "transformation" && reason !== "function"),
  "no_challenge",
] as const;

/** The result of the latest try of an endpoint that is not verified. */
export interface ChallengeFailure {
  /** End of the try. */
  readonly at: number;
  readonly reason: (typeof challengeReasons)[number];
  /** What happened, as text for users. */
  readonly detail: string;
}

/** The state of an endpoint that is not verified. */
export interface Challenge {
  /** Time since which the endpoint is not verified. */
  readonly since: number;
  /** Number of failed tries. */
  readonly tries: number;
  /** Time of the next try. Null if none follows by itself. */
  readonly nextAt: number | null;
  /** Null before the first try has ended. */
  readonly failure: ChallengeFailure | null;
  /** Whether the endpoint stays paused when it is verified. */
  readonly staysPaused: boolean;
}

/** The `type` of the message that contains a challenge. */
export const challengeType = "endpoint.challenge";
/** Number of random bytes in a challenge. */
export const challengeBytes = 32;
/** Maximum size of a response that is compared with the challenge, in bytes. */
export const challengeResponseBytesMax = 4096;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Delays of the tries that follow the first one by themselves. */
const DELAYS_MS: readonly number[] = [10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR];

/** Returns the state after another failed try. */
export function afterFailure(before: Challenge, failure: ChallengeFailure): Challenge {
  const delayMs = DELAYS_MS[before.tries];
  return { ...before, tries: before.tries + 1, nextAt: delayMs === undefined ? null : failure.at + delayMs, failure };
}

/** Returns the payload that contains a challenge. */
export function challengePayload(challenge: string): Uint8Array {
  return Buffer.from(JSON.stringify({ type: challengeType, challenge }));
}

/** Returns why a response to a challenge does not verify the endpoint, or null if it does. */
export function challengeFailure(answer: Answer, challenge: string, now: number): ChallengeFailure | null {
  if (answer.kind !== "response") {
    // No transformation runs for a challenge, so all other reasons are those of the transport.
    const isOfTransport =
      answer.kind === "failure" && answer.reason !== "transformation" && answer.reason !== "function";
    return { at: now, reason: isOfTransport ? answer.reason : "connection", detail: answer.detail };
  }
  const { reason } = classify(answer, now);
  if (reason === null) return bodyFailure(Buffer.from(answer.body).toString().trim(), challenge, now);
  const detail = `The receiver responded with status ${answer.status}. A 2xx response with the challenge is needed.`;
  return { at: now, reason: reason as ChallengeFailure["reason"], detail };
}

function bodyFailure(body: string, challenge: string, at: number): ChallengeFailure | null {
  const value = body.includes(challenge) ? jsonOrText(body) : null;
  if (body === challenge || value === challenge) return null;
  if (typeof value === "object" && value !== null && "challenge" in value && value.challenge === challenge) {
    // A server that returns every request body does not show that it wants webhooks.
    if (!("type" in value && value.type === challengeType)) return null;
    const detail =
      'The response repeats the whole request. Respond with the challenge only, as text or as {"challenge": "…"}.';
    return { at, reason: "no_challenge", detail };
  }
  const detail =
    'The response does not contain the challenge. Respond with its value as text, or with {"challenge": "…"}.';
  return { at, reason: "no_challenge", detail };
}

function jsonOrText(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/**
 * Returns whether a response to an OPTIONS request permits webhooks from this origin (CloudEvents,
 * HTTP 1.1 Web Hooks for Event Delivery, section 4).
 */
export function isOriginAllowed(answer: Answer, origin: string): boolean {
  if (answer.kind !== "response" || !isSuccess(answer.status)) return false;
  const allowed = answer.allowedOrigin?.trim();
  return allowed === "*" || allowed?.toLowerCase() === origin.toLowerCase();
}
