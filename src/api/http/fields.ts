/** Schemas of fields that several resources have. */
import { type TObject, type TProperties, Type } from "@sinclair/typebox";
import type { IdPrefix } from "../../core/id.ts";
import {
  channelProblem,
  eventTypeNameProblem,
  headersBytesMax,
  headersMax,
  headersProblem,
  messageHeadersProblem,
  metadataEntriesMax,
  metadataProblem,
  nameCharsMax,
  textProblem,
  uidProblem,
} from "../../core/rule.ts";
import { distinct, nullable, ruled } from "./schema.ts";

const NAME_PATTERN = "^[a-zA-Z0-9\\-_.]+$";
const HEADERS_LIMIT = `At most ${headersMax} with ${headersBytesMax} bytes together.`;
/** As long as anything may be that is shown in a list. */
const TEXT_CHARS_MAX = 4096;

export const uid = (prefix: IdPrefix, thing: string) =>
  Type.Optional(
    nullable(
      ruled(Type.String(), (text) => uidProblem(text, prefix), {
        description: `Your own name for the ${thing}, unique within its surroundings; it works wherever the id does.`,
        minLength: 1,
        maxLength: nameCharsMax,
        pattern: NAME_PATTERN,
        examples: ["my-own-id"],
      }),
    ),
  );

export const idOut = (prefix: IdPrefix) =>
  Type.String({ description: "Given by the server.", examples: [`${prefix}0KfxFXFUH4hEMq0Y8gpRxcT2bSr`] });

export const eventTypeName = ruled(Type.String(), eventTypeNameProblem, {
  description: "The name of an event type.",
  minLength: 1,
  maxLength: nameCharsMax,
  pattern: NAME_PATTERN,
  examples: ["user.signup"],
});

export const channel = ruled(Type.String(), channelProblem, {
  minLength: 1,
  maxLength: nameCharsMax,
  pattern: "^[a-zA-Z0-9\\-_.:+]+$",
  examples: ["project_1337"],
});

export const CHANNELS_MAX = 10;
export const channels = (description: string) =>
  Type.Optional(nullable(distinct(channel, { description, minItems: 1, maxItems: CHANNELS_MAX })));

export const text = (description: string, options: { minLength?: number } = {}) =>
  ruled(Type.String({ ...options, maxLength: TEXT_CHARS_MAX }), textProblem, { description });

export const metadata = Type.Optional(
  nullable(
    ruled(Type.Record(Type.String(), Type.String(), { maxProperties: metadataEntriesMax }), metadataProblem, {
      description: "Your own notes: texts by name, at most 4096 bytes as JSON.",
      examples: [{ plan: "pro" }],
    }),
  ),
);

export const throttleRate = (description: string) =>
  Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 65_535, description })));

/** The name that version 1 of the Svix SDKs uses. */
export const rateLimit = Type.Optional(
  nullable(Type.Integer({ minimum: 1, maximum: 65_535, deprecated: true, description: "Old name of `throttleRate`." })),
);

export const headers = ruled(Type.Record(Type.String(), Type.String(), { maxProperties: headersMax }), headersProblem, {
  description: `Headers to send with every delivery. ${HEADERS_LIMIT}`,
  examples: [{ "X-Example": "123" }],
});

export const headerChanges = ruled(
  Type.Record(Type.String(), nullable(Type.String()), { maxProperties: headersMax }),
  headersProblem,
  {
    description: `Headers to set; null takes one away. ${HEADERS_LIMIT}`,
    examples: [{ "X-Example": "123", "X-Old": null }],
  },
);

/** Of one message. */
export const messageHeaders = ruled(
  Type.Record(Type.String(), Type.String(), { maxProperties: headersMax }),
  messageHeadersProblem,
  {
    description: `Sent with this message only; \`content-type\` may be among them. ${HEADERS_LIMIT}`,
    examples: [{ "X-Example": "123" }],
  },
);

export const instantOut = Type.String({ format: "date-time", examples: ["2026-01-01T00:00:00.000Z"] });

/** A page of a list. */
export const listOf = (title: string, item: TObject | ReturnType<typeof Type.Object>) =>
  Type.Object(
    {
      data: Type.Array(item),
      iterator: nullable(Type.String({ description: "Send it as `iterator` to get the next page." })),
      prevIterator: Type.Optional(Type.String({ description: "Send it as `iterator` to get the page before." })),
      done: Type.Boolean({ description: "There is nothing further on." }),
    },
    { title: `ListResponse_${title}_` },
  );

export const object = <P extends TProperties>(title: string, properties: P) => Type.Object(properties, { title });
