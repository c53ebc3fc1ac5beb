import { Type } from "@sinclair/typebox";
import { sendSourceExample } from "../../../commands/source-example.ts";
import { notFound } from "../../../core/problem.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { nullable } from "../../http/schema.ts";
import { MessageOut, messageExample } from "../message/fields.ts";
import { messageText } from "../message/out.ts";

const SourceExampleIn = field.object("SourceExampleIn", {
  eventType: Type.Optional(nullable(field.eventTypeName)),
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
      },
      problems: [404, 422, 429],
      async handle({ identity, params, body }) {
        ingestRate.spend(identity.caller, 1);
        const source = await lookup.source(identity, params.source_id);
        const { seq } = await sendSourceExample(context, source, body.eventType ?? null);
        const message = await store.history.messages.get(seq);
        if (message === null) throw notFound("Message not found");
        return { status: 202, body: messageText(message, ids, true) };
      },
    }),
  ];
}
