import { urlScheme } from "../core/endpoint-url/index.ts";
import type { Seq } from "../core/id.ts";
import { notFound, Problem } from "../core/problem.ts";
import { unmaskedUrl } from "../core/url-password.ts";
import type { Endpoint } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { endpointUpdated } from "./publish.ts";

type Parts = Pick<CommandContext, "store" | "clock" | "facts" | "signals" | "challenges">;
type Challenged = Pick<Endpoint, "paused" | "challenge">;

/**
 * Returns whether an endpoint must be verified after a request created or changed it. `before` is null
 * for a new endpoint. A URL that has not changed needs no new challenge. Without challenges, a request
 * that resumes the endpoint or changes its URL also ends the challenge of earlier times.
 */
export function challenging(
  { challenges }: Pick<Parts, "challenges">,
  before: Endpoint | null,
  after: Endpoint,
  now: number,
): Challenged {
  const { paused } = after;
  const earlier = before?.challenge ?? null;
  const isSameUrl = after.url === before?.url;
  if (earlier === null && (isSameUrl || challenges === null)) return { paused, challenge: null };
  // An endpoint is paused because of its challenge, unless its owner wanted that as well.
  const staysPaused = paused && (earlier?.staysPaused ?? true);
  if (isSameUrl && (challenges !== null || paused)) {
    return { paused: true, challenge: { ...earlier!, staysPaused } };
  }
  const isChallenged = urlScheme(new URL(after.url).protocol)?.isChallenged === true;
  const challenge = isChallenged ? (challenges?.first(after, now) ?? null) : null;
  if (challenge === null) return { paused: staysPaused, challenge };
  return { paused: true, challenge: { ...challenge, staysPaused } };
}

/** Throws 409 if a request would resume an endpoint that is not verified. */
export function refuseResuming(
  { challenges }: Pick<Parts, "challenges">,
  { challenge, url }: Pick<Endpoint, "challenge" | "url">,
  wanted: { readonly paused?: boolean | undefined; readonly url?: string | undefined },
): void {
  if (challenges === null || challenge === null || wanted.paused !== false) return;
  if (wanted.url !== undefined && unmaskedUrl(wanted.url, url) !== url) return;
  throw new Problem(
    409,
    "endpoint_not_verified",
    "The endpoint is not verified, so it stays paused. It is resumed when its receiver answers the challenge. Try again with POST …/endpoint/{endpoint_id}/verify.",
  );
}

/**
 * Sends the challenge of an endpoint again. Has no effect if the endpoint is verified. Throws 404 if
 * it does not exist, 409 if it is disabled or challenges are off, and 429 if the application has asked
 * for too many challenges.
 */
export async function challengeAgain(parts: Parts, { seq }: Pick<Endpoint, "seq">): Promise<Endpoint> {
  const { challenges, clock } = parts;
  const now = clock.now();
  return change(parts, seq, (before) => {
    if (before.challenge === null) return {};
    if (challenges === null) throw challengesOff();
    if (before.disabled) throw new Problem(409, "endpoint_disabled", "The endpoint is disabled. Enable it first.");
    const waitMs = challenges.waitMs(before.applicationSeq, now);
    if (waitMs > 0) throw tooManyChallenges(waitMs);
    return { challenge: challenges.again(before, before.challenge, now) };
  });
}

/** Verifies an endpoint without a challenge. Throws 404 if it does not exist. */
export async function verifyUnasked(parts: Parts, { seq }: Pick<Endpoint, "seq">): Promise<Endpoint> {
  const now = parts.clock.now();
  let isNew = false;
  const after = await change(parts, seq, ({ challenge }) => {
    isNew = challenge !== null;
    return challenge === null ? {} : { challenge: null, paused: challenge.staysPaused, updatedAt: now };
  });
  const { applicationSeq } = after;
  if (isNew) {
    parts.facts.state({ type: "endpoint.verified", endpointSeq: seq, applicationSeq, isChallenged: false });
  }
  return after;
}

async function change(parts: Parts, seq: Seq, of: (before: Endpoint) => Partial<Endpoint>): Promise<Endpoint> {
  const update = await parts.store.configuration.endpoints.update(seq, of);
  // The uid is never changed here, so it cannot be taken.
  if (typeof update === "string") throw notFound("Endpoint not found");
  if (update.before.challenge !== update.after.challenge) endpointUpdated(parts, update.before, update.after);
  return update.after;
}

function challengesOff(): Problem {
  return new Problem(
    409,
    "challenge_off",
    "Challenges are off (setting endpoint-challenge). Resume the endpoint instead, with `paused: false`.",
  );
}

function tooManyChallenges(waitMs: number): Problem {
  const detail = "The application has asked for too many challenges. Try again later.";
  return new Problem(429, "too_many_requests", detail, { afterMs: waitMs });
}
