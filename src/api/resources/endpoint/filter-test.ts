import { type Static, Type } from "@sinclair/typebox";
import { type FilterTest, type TestedMessage, testFilter, testOnStored } from "../../../commands/filters.ts";
import type { ExactObject } from "../../../core/exact-json.ts";
import { formatInstant } from "../../../core/instant.ts";
import { invalid, Problem } from "../../../core/problem.ts";
import { filterType } from "../../../core/resources/endpoint.ts";
import type { FilteredMessage } from "../../../filter/message-view.ts";
import type { Endpoint } from "../../../store/index.ts";
import { Turns } from "../../../store/turns.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { inputSchema } from "../../http/resource.ts";
import { nullable, record } from "../../http/schema.ts";
import type { Identity } from "../../identity/identity.ts";
import { withFilter } from "./filter.ts";
import { payloadOf, payloadRanges } from "./payload-in-body.ts";

/** Maximum number of stored messages on which a filter is tested at once. */
const PREVIEW_MAX = 100;

const filterIn = Type.Optional(inputSchema(filterType));

const FilterTestIn = field.object("FilterTestIn", {
  filter: filterIn,
  payload: Type.Optional(Type.Unknown({ description: "The payload of the message; any JSON value." })),
  eventType: Type.Optional(nullable(field.eventTypeName)),
  headers: Type.Optional(nullable(record(Type.String(), { description: "The headers of the message." }))),
  messageId: Type.Optional(
    nullable(Type.String({ description: "Id or `eventId` of a stored message, instead of `payload`." })),
  ),
});

const matches = Type.Boolean({ description: "Whether the endpoint gets such a message." });
const because = Type.String({ description: "The first condition that decided." });
const FilterTestOut = field.object("FilterTestOut", { matches, because });
const testExample: FilterTest = { matches: false, because: "payload.amount: 5 is not > 10" };

const FilterPreviewIn = field.object("FilterPreviewIn", {
  filter: filterIn,
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: PREVIEW_MAX, default: PREVIEW_MAX, description: "Number of messages." }),
  ),
});
export const FilterPreviewOut = field.object("FilterPreviewOut", {
  tested: Type.Integer({ description: "Number of messages that were tested." }),
  matching: Type.Integer({ description: "Number of messages that match." }),
  data: Type.Array(
    Type.Object({ id: Type.String(), eventType: Type.String(), timestamp: field.instantOut, matches, because }),
    { description: "The messages, newest first." },
  ),
});

const previewExample = {
  ...{ id: "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr", eventType: "invoice.paid", timestamp: "2026-01-01T00:00:00.000Z" },
  ...testExample,
};

export function endpointFilterRoutes(context: Context): Operation[] {
  const { store, ids, lookup, pages, clock } = context;
  const turns = new Turns(clock);
  const shared = {
    method: "POST",
    tag: "Endpoint",
    access: "application",
    capability: "ViewBase",
    scopes: ["endpoint:Read", "message:Read"],
    readOnlyAccess: true,
    audited: false,
  } as const;

  return [
    operation({
      ...shared,
      id: "endpoint.filter-test",
      path: "/api/v1/app/:app_id/endpoint/:endpoint_id/filter/test",
      summary: "Test a filter on one message of an endpoint",
      description:
        "Says whether a message matches a filter, and because of which condition. Without `filter`, tests the filter of the endpoint. Needs either `payload` or `messageId`; the latter also defines the event type and the headers unless they are sent.",
      body: FilterTestIn,
      unreadParts: payloadRanges,
      bodyExample: { filter: { payload: { amount: { $gt: 10 } } }, payload: { amount: 5 }, eventType: "invoice.paid" },
      responses: { 200: { description: "The result.", schema: FilterTestOut, example: testExample } },
      problems: [400, 404],
      async handle({ identity, params, body, bytes }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const message = await messageOf(identity, params.app_id, body, payloadOf(bytes));
        return reply(200, testFilter(meantFilter(endpoint, body, bytes), message));
      },
    }),

    operation({
      ...shared,
      id: "endpoint.filter-preview",
      path: "/api/v1/app/:app_id/endpoint/:endpoint_id/filter/preview",
      summary: "Test a filter on stored messages of an endpoint",
      description:
        "Tests a filter on the newest stored messages of the event types and channels of the endpoint, before the filter is saved. Without `filter`, tests the filter of the endpoint.",
      body: FilterPreviewIn,
      bodyExample: { filter: { payload: { amount: { $gt: 10 } } }, limit: 100 },
      responses: {
        200: {
          description: "The results.",
          schema: FilterPreviewOut,
          example: { tested: 1, matching: 0, data: [previewExample] },
        },
      },
      problems: [404],
      async handle({ identity, params, body, bytes }) {
        const { application, endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const filter = meantFilter(endpoint, body, bytes) ?? {};
        const count = body.limit ?? PREVIEW_MAX;
        const tested = await pages.inTurn(identity, () =>
          testOnStored(store, application.seq, endpoint, filter, { count, turns }),
        );
        const matching = tested.filter((one) => one.matches).length;
        return reply(200, { tested: tested.length, matching, data: tested.map(testedOut) });
      },
    }),
  ];

  function testedOut({ message: { seq, eventType, acceptedAt }, matches, because }: TestedMessage) {
    return { id: ids.encode("msg_", seq), eventType, timestamp: formatInstant(acceptedAt), matches, because };
  }

  async function messageOf(
    identity: Identity,
    app: string,
    { eventType, headers, messageId }: Static<typeof FilterTestIn>,
    payload: Uint8Array | null,
  ): Promise<FilteredMessage> {
    if ((payload === null) === (messageId == null)) {
      const loc = ["body", payload === null ? "payload" : "messageId"];
      throw invalid(loc, "Exactly one of `payload` and `messageId` is needed.");
    }
    if (payload !== null) {
      return { payload, contentType: null, eventType: eventType ?? "", headers: headers ?? null };
    }
    const { message } = await pages.inTurn(identity, () => lookup.message(identity, app, messageId!));
    if (message.payload === null) {
      throw new Problem(400, "missing_payload", "The payload of this message is no longer stored.");
    }
    const own = { payload: message.payload, contentType: message.contentType };
    return { ...own, eventType: eventType ?? message.eventType, headers: headers ?? message.headers };
  }
}

/** Returns the filter in the request, or that of the endpoint if there is none. Throws 422. */
function meantFilter(endpoint: Endpoint, body: { readonly filter?: unknown }, bytes: Uint8Array): ExactObject | null {
  return body.filter === undefined ? endpoint.filter : (withFilter(body, bytes).filter as ExactObject | null);
}
