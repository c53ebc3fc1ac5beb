import { Type } from "@sinclair/typebox";
import { sendExample } from "../../../commands/send-example.ts";
import { topLevelFields } from "../../../core/json.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { nullable } from "../../http/schema.ts";
import { checkScopes } from "../../identity/access.ts";
import { MessageOut, messageExample } from "../message/fields.ts";
import { messageTextWith, payloadText } from "../message/out.ts";

const EventExampleIn = field.object("EventExampleIn", {
  eventType: field.eventTypeName,
  exampleIndex: Type.Optional(
    Type.Integer({
      minimum: 0,
      default: 0,
      description: "Index of the example if the schema has a list of `examples`.",
    }),
  ),
  payload: Type.Optional(
    nullable(
      Type.Object({}, { additionalProperties: true, description: "Sent instead of the example of the event type." }),
    ),
  ),
});

export function sendExampleRoutes(context: Context): Operation[] {
  const { ids, lookup, ingestRate } = context;

  return [
    operation({
      id: "v1.endpoint.send-example",
      method: "POST",
      path: "/api/v1/app/:app_id/endpoint/:endpoint_id/send-example",
      tag: "Endpoint",
      summary: "Send an example message",
      description:
        "Sends the example in the latest schema of the event type to this endpoint only, even if it does not subscribe to the event type. `svix.ping` always exists. With `payload`, the event type need not exist.",
      access: "environment",
      audited: false,
      body: EventExampleIn,
      bodyExample: { eventType: "svix.ping" },
      responses: {
        200: {
          description: "The message was stored and is being delivered.",
          schema: MessageOut,
          example: messageExample,
        },
      },
      problems: [400, 404, 429],
      async handle({ identity, params, body, bytes }) {
        // Sending a custom payload needs the same scope as sending a message.
        if (body.payload != null) checkScopes(identity, "message:Write");
        ingestRate.spend(identity.caller, 1);
        const { application, endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const { incoming, stored } = await sendExample(context, {
          application,
          endpoint,
          eventType: body.eventType,
          payload: body.payload == null ? null : ownPayload(bytes),
          exampleIndex: body.exampleIndex ?? 0,
        });
        return { status: 200, body: messageTextWith({ ...incoming, ...stored }, ids, payloadText(incoming)) };
      },
    }),
  ];
}

/** Returns the bytes of the payload in the body. */
function ownPayload(bytes: Uint8Array): Uint8Array {
  const [start, end] = topLevelFields(bytes, ["payload"])?.fields.get("payload") ?? [0, 0];
  return bytes.subarray(start, end);
}
