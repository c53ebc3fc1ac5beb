import { type Static, Type } from "@sinclair/typebox";
import type { Incoming } from "../../../accept/accept.ts";
import { latestSchema } from "../../../accept/payload-rules.ts";
import { checkEnabled } from "../../../commands/resend.ts";
import { topLevelFields } from "../../../core/json.ts";
import { invalid, notFound } from "../../../core/problem.ts";
import type { EventType } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import { badRequest } from "../../http/errors.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { nullable } from "../../http/schema.ts";
import { checkScopes } from "../../identity/access.ts";
import type { Identity } from "../../identity/auth.ts";
import { isVisible } from "../event-type/fields.ts";
import { MessageOut, messageExample } from "../message/fields.ts";
import { messageTextWith, payloadText } from "../message/out.ts";

/** Can be sent although nobody has made it. */
const PING = "svix.ping";
const PING_PAYLOAD = { success: true };

const EventExampleIn = field.object("EventExampleIn", {
  eventType: field.eventTypeName,
  exampleIndex: Type.Optional(
    Type.Integer({ minimum: 0, default: 0, description: "Which one, when the schema has a list of `examples`." }),
  ),
  payload: Type.Optional(
    nullable(
      Type.Object({}, { additionalProperties: true, description: "Sent in place of the example of the event type." }),
    ),
  ),
});

type EventExample = Static<typeof EventExampleIn>;

export function sendExampleRoutes(context: Context): Operation[] {
  const { store, ids, lookup, accepter, ingestRate } = context;

  async function payloadOf(identity: Identity, sent: EventExample, bytes: Uint8Array): Promise<Uint8Array> {
    const eventType = await store.configuration.eventTypes.get(identity.environmentSeq, sent.eventType);
    if (eventType === null ? sent.eventType !== PING : !isVisible(eventType, identity)) {
      throw notFound("Event type not found");
    }
    if (sent.payload != null) return ownPayload(bytes);
    const example = eventType === null ? PING_PAYLOAD : exampleOf(eventType, sent.exampleIndex ?? 0);
    return Buffer.from(JSON.stringify(example));
  }

  return [
    operation({
      id: "v1.endpoint.send-example",
      method: "POST",
      path: "/api/v1/app/:app_id/endpoint/:endpoint_id/send-example",
      tag: "Endpoint",
      summary: "Send an example message",
      description:
        "To this endpoint alone, also when it does not want the type: the example that stands in the latest schema of the event type. `svix.ping` is always there.",
      access: "environment",
      audited: false,
      body: EventExampleIn,
      bodyExample: { eventType: PING },
      answers: {
        200: { description: "It is stored and on its way.", schema: MessageOut, example: messageExample },
      },
      problems: [400, 404, 429],
      async handle({ identity, params, body, bytes }) {
        // To send what one likes is more than to send an example.
        if (body.payload != null) checkScopes(identity, "message:Write");
        ingestRate.spend(identity.caller, 1);
        const { application, endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        checkEnabled(endpoint);
        const payload = await payloadOf(identity, body, bytes);
        const incoming = incomingOf(body.eventType, payload);
        const result = await accepter.acceptOnlyFor(endpoint.seq, { application, endpoints: [] }, incoming);
        if (!result.accepted) throw new Error("A message without keys was taken for another one.");
        return { status: 200, body: messageTextWith({ ...incoming, ...result }, ids, payloadText(incoming)) };
      },
    }),
  ];
}

/** Byte for byte as it was sent, like that of every message. */
function ownPayload(bytes: Uint8Array): Uint8Array {
  const [start, end] = topLevelFields(bytes)?.fields.get("payload") ?? [0, 0];
  return bytes.subarray(start, end);
}

/** 400 when the event type has none. */
function exampleOf(eventType: EventType, index: number): object {
  const { examples, example } = (latestSchema(eventType) ?? {}) as { examples?: unknown; example?: unknown };
  const list = Array.isArray(examples) && examples.length > 0 ? examples : null;
  if (list !== null && index >= list.length) {
    throw invalid(["body", "exampleIndex"], `The schema has ${list.length} examples.`);
  }
  const found: unknown = list === null ? example : list[index];
  if (typeof found === "object" && found !== null && !Array.isArray(found)) return found;
  throw badRequest("The schema of this event type has no example that is an object.", "invalid_scheme");
}

function incomingOf(eventType: string, payload: Uint8Array): Incoming {
  return {
    eventType,
    eventId: null,
    channels: null,
    tags: null,
    payload,
    contentType: null,
    headers: null,
    retentionMs: null,
    deliverAt: null,
    warnings: null,
    idempotency: null,
  };
}
