import { Type } from "@sinclair/typebox";
import type { EndpointMessage, EndpointMessageFilter, PageOf } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { foundTexts, historyRequest, listedAs, pageQuery, pageRequest } from "../../http/paging.ts";
import { reply } from "../../http/reply.ts";
import { contentQuery, messageFilter, messageFilterQuery } from "../message/fields.ts";
import { messageText } from "../message/out.ts";
import {
  destinationExample,
  destinationOut,
  EndpointMessageOut,
  endpointMessageExample,
  endpointMessageText,
  expandedQuery,
  MessageEndpointOut,
  statusQuery,
} from "./fields.ts";
import { statusOfNumber } from "./svix-numbers.ts";

/** Defines the operations that list an endpoint's messages and a message's endpoints. */
export function attemptedRoutes(context: Context): Operation[] {
  const { store, ids, pages, lookup, deliverer } = context;
  const tag = "Message attempt";
  const app = "/api/v1/app/:app_id";

  return [
    operation({
      id: "v1.message-attempt.list-attempted-messages",
      method: "GET",
      path: `${app}/endpoint/:endpoint_id/msg`,
      tag,
      summary: "List the messages of an endpoint",
      description:
        "Newest first, with the state of each delivery. Status 0: delivered, even if a later resend has not succeeded; 1: waiting for the first attempt; 2: failed and never delivered; 3: waiting for a retry; 4: cancelled.",
      access: "application",
      query: Type.Object({ ...pageQuery, ...messageFilterQuery, ...contentQuery, ...statusQuery, ...expandedQuery }),
      responses: {
        200: {
          description: "A page of messages.",
          schema: field.listOf("EndpointMessageOut", EndpointMessageOut),
          example: {
            data: [endpointMessageExample],
            iterator: endpointMessageExample.id,
            prevIterator: `-${endpointMessageExample.id}`,
            done: true,
          },
        },
      },
      problems: [404],
      async handle({ identity, params, query }) {
        const { application, endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const request = historyRequest(query, ids, "msg_");
        const withContent = query.with_content ?? true;
        const filter: EndpointMessageFilter = {
          ...messageFilter(query),
          ...(query.status !== undefined && { status: statusOfNumber(query.status) }),
        };
        return pages.inTurn(identity, async () => {
          const bare = await store.history.messages.ofEndpoint(application.seq, endpoint.seq, filter, request);
          const page = withContent ? await withPayloadsOf(bare, request.backwards) : bare;
          const texts = await pages.texts(page.rows, ({ message, delivery }) =>
            endpointMessageText(messageText(message, ids, withContent), delivery, {
              expanded: query.expanded_statuses ?? false,
              deliverer,
            }),
          );
          return foundTexts(page, request, ({ seq }) => ids.encode("msg_", seq), texts);
        });
      },
    }),

    operation({
      id: "v1.message-attempt.list-attempted-destinations",
      method: "GET",
      path: `${app}/msg/:msg_id/endpoint`,
      tag,
      summary: "List the endpoints of a message",
      description: "With the state of each delivery. Includes endpoints that have since been deleted.",
      access: "application",
      query: Type.Object(pageQuery),
      responses: {
        200: {
          description: "A page of endpoints.",
          schema: field.listOf("MessageEndpointOut", MessageEndpointOut),
          example: {
            data: [destinationExample],
            iterator: destinationExample.id,
            prevIterator: `-${destinationExample.id}`,
            done: true,
          },
        },
      },
      problems: [404],
      async handle({ identity, params, query }) {
        const { message } = await lookup.knownMessage(identity, params.app_id, params.msg_id);
        const { limit, from, backwards } = pageRequest(query, ids, "ep_", "ascending");
        // A message may have thousands of deliveries.
        const found = await pages.inTurn(identity, () => store.history.messages.deliveries(message.seq));
        const deliveries = [...found].sort((a, b) => a.endpointSeq - b.endpointSeq);
        const ahead = deliveries.filter(
          ({ endpointSeq }) => from === null || (backwards ? endpointSeq < from : endpointSeq > from),
        );
        const rows = backwards ? ahead.slice(-limit) : ahead.slice(0, limit);
        const endpoints = await Promise.all(
          rows.map(({ endpointSeq }) => store.configuration.endpoints.get(endpointSeq)),
        );
        const out = rows.flatMap((delivery, i) => {
          const endpoint = endpoints[i];
          return endpoint == null ? [] : [destinationOut(endpoint, delivery, ids, { expanded: false, deliverer })];
        });
        return reply(
          200,
          listedAs(
            out,
            out.map(({ id }) => id),
            ahead.length > rows.length,
          ),
        );
      },
    }),
  ];

  async function withPayloadsOf(page: PageOf<EndpointMessage>, backwards: boolean): Promise<PageOf<EndpointMessage>> {
    const deliveryOf = new Map(page.rows.map(({ seq, delivery }) => [seq, delivery]));
    const filled = await pages.withPayloads({ ...page, rows: page.rows.map(({ message }) => message) }, backwards);
    const rows = filled.rows.map((message) => ({
      seq: message.seq,
      message,
      delivery: deliveryOf.get(message.seq)!,
    }));
    return { ...filled, rows };
  }
}
