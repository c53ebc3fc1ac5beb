/** Types of fields that several resources have. */
import type { IdPrefix } from "../id.ts";
import {
  channelProblem,
  eventTypeNameProblem,
  headersBytesMax,
  headersMax,
  headersProblem,
  metadataBytesMax,
  metadataEntriesMax,
  metadataProblem,
  nameCharsMax,
  textProblem,
  uidProblem,
} from "../rule.ts";
import { integer, type Keywords, list, map, nullable, nullMeans, text } from "./value-type.ts";

const NAME_PATTERN = "^[a-zA-Z0-9\\-_.]+$";
/** Maximum length of texts, so that lists stay small. This is our own limit. */
export const textCharsMax = 65_536;
const CHANNELS_MAX = 10;
export const HEADERS_LIMIT = `At most ${headersMax} headers with ${headersBytesMax} bytes in total.`;

/** A name or description for users. */
export const label = (description: string, keywords: Keywords = {}) =>
  text({ ...keywords, maxLength: textCharsMax, rule: textProblem, shown: { description } });

/** A uid. `parent` is the kind of resource in which it is unique. */
export const uid = (prefix: IdPrefix, thing: string, parent: string) =>
  nullable(
    text({
      rule: (input) => uidProblem(input, prefix),
      shown: {
        description: `Your own id for the ${thing}. It is unique within its ${parent} and can be used instead of the id.`,
        minLength: 1,
        maxLength: nameCharsMax,
        pattern: NAME_PATTERN,
        examples: ["my-own-id"],
      },
    }),
  );

export const eventTypeName = text({
  rule: eventTypeNameProblem,
  shown: {
    description: "The name of an event type.",
    minLength: 1,
    maxLength: nameCharsMax,
    pattern: NAME_PATTERN,
    examples: ["user.signup"],
  },
});

export const channel = text({
  rule: channelProblem,
  shown: { minLength: 1, maxLength: nameCharsMax, pattern: "^[a-zA-Z0-9\\-_.:+]+$", examples: ["project_1337"] },
});

export const channels = (description: string) =>
  nullable(list(channel, { description, minItems: 1, maxItems: CHANNELS_MAX, distinct: true }));

export const metadata = nullMeans(
  {},
  map(text(), {
    maxProperties: metadataEntriesMax,
    rule: metadataProblem,
    shown: {
      description: `Your own key–value pairs (strings), at most ${metadataBytesMax} bytes as JSON.`,
      examples: [{ plan: "pro" }],
    },
  }),
);

const RATE = { minimum: 1, maximum: 65_535 };
export const throttleRate = (description: string) => nullable(integer({ ...RATE, description }));
/** The field's name in version 1 of the Svix SDKs. */
const rateLimitKeywords = { ...RATE, deprecated: true, description: "Old name of `throttleRate`." };
export const rateLimit = nullable(integer(rateLimitKeywords));

export const headers = map(text(), {
  maxProperties: headersMax,
  rule: headersProblem,
  shown: {
    description: `Headers to send with every delivery. ${HEADERS_LIMIT}`,
    examples: [{ "X-Example": "123" }],
  },
});
