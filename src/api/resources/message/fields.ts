/** The fields of a message in requests and responses, and the filters of lists of messages. */
import { type Static, Type } from "@sinclair/typebox";
import { causes } from "../../../core/received.ts";
import { unicodeProblem } from "../../../core/rule.ts";
import type { MessageFilter } from "../../../store/index.ts";
import * as field from "../../http/fields.ts";
import { windowOf, windowQuery } from "../../http/paging.ts";
import { instantText, nullable, ruled, wordOut } from "../../http/schema.ts";
import { ApplicationIn } from "../application/fields.ts";

const RETENTION_DAYS_MAX = 90;
const TAGS_MAX = 5;
const NAME_CHARS_MAX = 128;
const EVENT_TYPES_MAX = 250;

const payload = Type.Object(
  {},
  { description: "A JSON object. Its bytes are delivered unchanged.", examples: [{ type: "user.signup", id: "u_1" }] },
);

const sent = Type.Object({
  eventType: field.eventTypeName,
  payload: Type.Optional(payload),
  data: Type.Optional(Type.Object({}, { description: "Old name of `payload`.", deprecated: true })),
  eventId: field.uid("msg_", "message", "application"),
  channels: field.channels(
    "Delivers the message to endpoints with one of these channels and to those without channels.",
  ),
  tags: Type.Optional(
    nullable(
      Type.Array(Type.String({ minLength: 1, maxLength: NAME_CHARS_MAX, pattern: "^[a-zA-Z0-9\\-_./\\\\#]+$" }), {
        maxItems: TAGS_MAX,
        description: "Tags for searching messages.",
      }),
    ),
  ),
  payloadRetentionPeriod: Type.Optional(
    nullable(
      Type.Integer({ minimum: 1, maximum: RETENTION_DAYS_MAX, description: "How long to keep the payload, in days." }),
    ),
  ),
  payloadRetentionHours: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 1,
        maximum: RETENTION_DAYS_MAX * 24,
        description: "How long to keep the payload, in hours. Cannot be combined with `payloadRetentionPeriod`.",
      }),
    ),
  ),
  application: Type.Optional(nullable(ApplicationIn)),
  transformationsParams: Type.Optional(
    nullable(
      Type.Object(
        {
          rawPayload: Type.Optional(
            nullable(ruled(Type.String(), unicodeProblem, { description: "Text to deliver instead of the payload." })),
          ),
          headers: Type.Optional(nullable(field.messageHeaders)),
        },
        { description: "Options of the delivery." },
      ),
    ),
  ),
  deliverAt: Type.Optional(
    nullable(
      instantText("When to deliver the message: in the future, at most 24 hours ahead. Null or absent means now."),
    ),
  ),
});

/** `payload` may be sent under its old name, so only the OpenAPI document marks it as required. */
export const MessageIn = ruled(sent, () => null, { title: "MessageIn", required: ["eventType", "payload"] });

/** The fields that only messages of sources have. */
const receivedFields = {
  payloadText: Type.Optional(Type.String({ description: "The body, if it is text but not JSON." })),
  payloadBase64: Type.Optional(Type.String({ description: "The body in base64, if it is not valid UTF-8." })),
  sourceId: Type.Optional(field.idOut("src_")),
  method: Type.Optional(Type.String({ description: "The method of the request." })),
  path: Type.Optional(
    Type.String({ description: "What followed the token in the URL of the request, with the query; `/` if nothing." }),
  ),
  verification: Type.Optional(
    wordOut(["verified", "authenticated", "unattempted", "failed"], {
      description:
        "`verified`: a signature covers the body. `authenticated`: a secret that does not cover the body. `unattempted`: nothing was checked. `failed`: the check failed, and the source stores such requests.",
    }),
  ),
  verificationCause: Type.Optional(
    nullable(wordOut(causes, { description: "Why the check failed; null unless `verification` is `failed`." })),
  ),
  headers: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description:
        "The headers of the request, with names in lower case. Repeated values are joined with `, `; a value that is the secret itself is `[redacted]`.",
    }),
  ),
};

export const MessageOut = field.object("MessageOut", {
  id: field.idOut("msg_"),
  eventType: Type.String(),
  eventId: nullable(Type.String()),
  payload: nullable(
    Type.Unknown({
      description:
        'A JSON object; `{"expired": true}` if it is no longer stored. For a message of a source, any JSON, or null if the body was not JSON.',
    }),
  ),
  channels: nullable(Type.Array(Type.String())),
  tags: nullable(Type.Array(Type.String())),
  timestamp: field.instantOut,
  deliverAt: nullable(field.instantOut),
  warnings: Type.Optional(
    Type.Array(
      field.object("MessageWarning", {
        loc: Type.Array(Type.String()),
        msg: Type.String(),
        type: Type.String(),
      }),
      {
        description:
          "The places where the payload does not match its event type's schema; absent if it matches. The type `schema.cost` means that the check would have taken too long.",
      },
    ),
  ),
  apiVersion: Type.Optional(
    Type.String({
      description:
        "The payload version whose form the message has. Only when one message is read; absent if the message is older than all versions.",
    }),
  ),
  ...receivedFields,
});

export const messageExample = {
  id: "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  eventType: "user.signup",
  eventId: null,
  payload: { type: "user.signup", id: "u_1" },
  channels: null,
  tags: null,
  timestamp: "2026-01-01T00:00:00.000Z",
  deliverAt: null,
};

export const contentQuery = {
  with_content: Type.Optional(Type.Boolean({ default: true, description: "Include the payload in the response." })),
};

/** Query parameters that filter messages and their attempts. */
export const messageFilterQuery = {
  event_types: Type.Optional(
    Type.Array(field.eventTypeName, { maxItems: EVENT_TYPES_MAX, description: "Include only these event types." }),
  ),
  channel: Type.Optional(field.channel),
  tag: Type.Optional(Type.String({ description: "Include only messages with this tag." })),
  ...windowQuery,
};

export type MessageBody = Static<typeof sent>;

export function messageFilter(query: MessageFilter & { readonly event_types?: readonly string[] }): MessageFilter {
  return {
    ...windowOf(query),
    ...(query.event_types !== undefined && { eventTypes: query.event_types }),
    ...(query.channel !== undefined && { channel: query.channel }),
    ...(query.tag !== undefined && { tag: query.tag }),
  };
}
