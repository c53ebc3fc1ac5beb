import { Problem } from "../core/problem.ts";
import { rotationWindowMs } from "../core/resources/source.ts";
import type { Source } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { sourceChanged } from "./publish.ts";
import { hasUrl } from "./source-type.ts";
import { newDoorToken, noSource } from "./sources.ts";

/** Limits of the period in which older URLs stay valid, in seconds. As in the Svix API. */
export const gracePeriodSecondsMax = rotationWindowMs / 1000;
const ROTATIONS_MAX = 3;

type Parts = Pick<CommandContext, "store" | "sources" | "clock">;

/** Returns the current URL of a source, or null for a source without one. */
export async function ingestUrlOf(
  { store, sources, clock }: Parts,
  { seq }: Pick<Source, "seq">,
): Promise<string | null> {
  const [current] = await store.configuration.sources.tokens(seq, clock.now());
  return current === undefined || current.expiresAt !== null ? null : sources.urlOf(current.text);
}

/**
 * Gives a source a new URL and returns it. Older URLs stay valid for `gracePeriodSeconds`, unless
 * they end earlier; 0 ends them at once. Throws 400 if the source was given three new URLs in the
 * last 48 hours, unless `gracePeriodSeconds` is 0; 422 if the source has no URL; and 404 if it does
 * not exist.
 */
export async function rotateSourceToken(
  parts: Parts & Pick<CommandContext, "random" | "signals">,
  source: Pick<Source, "seq" | "environmentSeq" | "provider">,
  gracePeriodSeconds: number,
): Promise<string> {
  if (!hasUrl(source.provider)) {
    throw new Problem(422, "no_token", `A source of type \`${source.provider}\` has no URL.`);
  }
  const now = parts.clock.now();
  const token = newDoorToken(parts);
  const rotation = await parts.store.configuration.sources.rotateToken(source.seq, token, {
    now,
    oldExpiresAt: now + gracePeriodSeconds * 1000,
    limit: gracePeriodSeconds === 0 ? null : { rotationsMax: ROTATIONS_MAX, since: now - rotationWindowMs },
  });
  if (rotation === "gone") throw noSource();
  if (rotation === "limited") throw limitReached();
  sourceChanged(parts, source);
  return parts.sources.urlOf(token.text);
}

function limitReached(): Problem {
  return new Problem(
    400,
    "limit_reached",
    `A source can be given a new URL ${ROTATIONS_MAX} times in 48 hours. Send \`gracePeriodSeconds\`: 0 to end all earlier URLs at once.`,
  );
}
