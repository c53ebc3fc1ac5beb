import { Type } from "@sinclair/typebox";
import type { Incoming } from "../../accept/accept.ts";
import { latestSchema } from "../../accept/payload-rules.ts";
import { invalid, notFound } from "../../core/problem.ts";
import type { EventType } from "../../store/index.ts";
import type { Identity } from "../auth.ts";
import type { Context } from "../context.ts";
import { badRequest, endpointDisabled } from "../errors.ts";
import { isVisible } from "../event-type-fields.ts";
import * as field from "../fields.ts";
import { MessageOut, messageExample } from "../message-fields.ts";
import { messageTextWith, payloadText } from "../message-out.ts";
import { type Operation, operation } from "../operation.ts";

/** Can be sent although nobody has made it. */
const PING = "svix.ping";
const PING_PAYLOAD = { success: true };

const EventExampleIn = field.object("EventExampleIn", {
  eventType: field.eventTypeName,
  exampleIndex: Type.Optional(
    Type.Integer({ minimum: 0, default: 0, description: "Which one, when the schema has a list of `examples`." }),
  ),
});

export function sendExampleRoutes(context: Context): Operation[] {
  const { store, ids, lookup, accepter, ingestRate } = context;

  async function examplePayload(identity: Identity, name: string, index: number): Promise<object> {
    const eventType = await store.eventTypes.get(identity.environmentSeq, name);
    if (eventType === null && name === PING) return PING_PAYLOAD;
    if (eventType === null || !isVisible(eventType, identity)) throw notFound("Event type not found");
    return exampleOf(eventType, index);
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
      async handle({ identity, params, body }) {
        ingestRate.spend(identity.caller, 1);
        const { application, endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        if (endpoint.disabled) throw endpointDisabled();
        const payload = await examplePayload(identity, body.eventType, body.exampleIndex ?? 0);
        const incoming = incomingOf(body.eventType, payload);
        const result = await accepter.acceptOnlyFor(endpoint.seq, { application, endpoints: [] }, incoming);
        if (!result.accepted) throw new Error("A message without keys was taken for another one.");
        return { status: 200, body: messageTextWith({ ...incoming, ...result }, ids, payloadText(incoming)) };
      },
    }),
  ];
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

function incomingOf(eventType: string, payload: object): Incoming {
  return {
    eventType,
    eventId: null,
    channels: null,
    tags: null,
    payload: Buffer.from(JSON.stringify(payload)),
    contentType: null,
    headers: null,
    retentionMs: null,
    deliverAt: null,
    warnings: null,
    idempotency: null,
  };
}
