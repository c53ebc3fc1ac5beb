import { Type } from "@sinclair/typebox";
import { sendSourceExample } from "../../../commands/source-example.ts";
import { topLevelFields } from "../../../core/json.ts";
import { notFound } from "../../../core/problem.ts";
import type { Context } from "../../http/context.ts";
import { refusal } from "../../http/documented-problems.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { nullable } from "../../http/schema.ts";
import { MessageOut, messageExample } from "../message/fields.ts";
import { messageText } from "../message/out.ts";

const SourceExampleIn = field.object("SourceExampleIn", {
  eventType: Type.Optional(nullable(field.eventTypeName)),
  body: Type.Optional(
    Type.Unknown({
      description:
        "The body of the request instead of a realistic one. A string is the text itself; any other JSON value is sent as it is. The event type may then be one in the body.",
    }),
  ),
});

export function sourceExampleRoutes(context: Context): Operation[] {
  const { ids, lookup, ingestRate, store } = context;
  return [
    operation({
      id: "ingest.source.send-example",
      method: "POST",
      path: "/ingest/api/v1/source/:source_id/send-example",
      tag: "Source",
      summary: "Send an example to a source",
      description:
        "Makes an example request, signed as the provider signs, and passes it through the same checks as a request to the source's URL. The message is delivered to the source's endpoints. A source of type `cron` makes one run. Fails with 422 `cannot_sign` if only the provider has the key.",
      access: "environment",
      audited: false,
      body: SourceExampleIn,
      bodyOptional: true,
      bodyExample: { eventType: "charge.succeeded" },
      responses: {
        202: {
          description: "The message was stored and is being delivered.",
          schema: MessageOut,
          example: messageExample,
        },
        422: refusal(
          "A value is invalid, or the source cannot get an example now: `cannot_sign`, `source_disabled`, `not_accepted`.",
          "cannot_sign",
          "Only the provider has the key.",
        ),
      },
      problems: [404, 409, 422, 429],
      async handle({ identity, params, body, bytes }) {
        ingestRate.spend(identity.caller, 1);
        const source = await lookup.source(identity, params.source_id);
        const { seq } = await sendSourceExample(context, source, {
          eventType: body.eventType ?? null,
          body: body.body == null ? null : ownBody(body.body, bytes),
        });
        const message = await store.history.messages.get(seq);
        if (message === null) throw notFound("Message not found");
        return { status: 202, body: messageText(message, ids, true) };
      },
    }),
  ];
}

/** Returns the bytes of the body that the request contains. */
function ownBody(value: unknown, bytes: Uint8Array): Uint8Array {
  if (typeof value === "string") return Buffer.from(value, "utf8");
  const [start, end] = topLevelFields(bytes, ["body"])?.fields.get("body") ?? [0, 0];
  return bytes.subarray(start, end);
}
