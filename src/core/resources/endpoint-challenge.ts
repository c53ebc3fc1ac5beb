/** The forms of the fields `verified` and `challenge` of endpoints. */
import { type Challenge, challengeReasons } from "../challenge.ts";
import { formatInstant, formatInstantOrNull } from "../instant.ts";
import { type Form, flag, instant, type OutputType, type ValueType, word } from "./value-type.ts";

/** A challenge in responses. */
export interface ShownChallenge {
  readonly since: string;
  readonly tries: number;
  readonly nextTryAt: string | null;
  readonly lastTryAt: string | null;
  readonly reason: (typeof challengeReasons)[number] | null;
  readonly detail: string | null;
}

const nullableForm = (form: Form): Form => ({ ...form, nullable: true });

export const challengeType: OutputType<Challenge | null, ShownChallenge | null> = {
  storage: "json",
  output: {
    type: "object",
    keywords: {
      description:
        "The ownership challenge of an endpoint that is not verified. Absent if the endpoint is verified. While the endpoint is not verified, it is paused.",
    },
    fields: {
      since: instant({ description: "Time since which the endpoint is not verified." }).output,
      tries: { type: "integer", keywords: { description: "Number of failed tries." } },
      nextTryAt: nullableForm(instant({ description: "Time of the next try; null if none follows by itself." }).output),
      lastTryAt: nullableForm(instant({ description: "Time of the latest try; null before the first." }).output),
      reason: nullableForm(
        word(challengeReasons, {
          description:
            "Why the latest try failed; null before the first. `no_challenge`: the response was 2xx but did not contain the challenge.",
        }).output,
      ),
      detail: nullableForm({ type: "string", keywords: { description: "What happened in the latest try." } }),
    },
    required: ["since", "tries", "nextTryAt", "lastTryAt", "reason", "detail"],
    nullable: true,
  },
  format(challenge) {
    if (challenge === null) return null;
    const { since, tries, nextAt, failure } = challenge;
    return {
      ...{ since: formatInstant(since), tries, nextTryAt: formatInstantOrNull(nextAt) },
      lastTryAt: formatInstantOrNull(failure?.at ?? null),
      ...{ reason: failure?.reason ?? null, detail: failure?.detail ?? null },
    };
  },
};

/** Shows whether there is no challenge. */
export const verifiedType: ValueType<Challenge | null, never, boolean> = {
  storage: "json",
  input: { type: "boolean" },
  output: flag().output,
  parse: (input) => input,
  format: (challenge) => challenge === null,
};
