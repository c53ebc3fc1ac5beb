/** Which endpoints got a message, and why the others did not. */
import { Type } from "@sinclair/typebox";
import { excludedBy } from "../../../commands/filters.ts";
import { formatInstant } from "../../../core/instant.ts";
import { missedBy, missedReasons } from "../../../core/missed.ts";
import { Turns } from "../../../store/turns.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listed, pageQuery, pageRequest } from "../../http/paging.ts";
import { reply } from "../../http/reply.ts";
import { nullable, wordOut } from "../../http/schema.ts";
import { EndpointOut, endpointExample, endpointOut } from "../endpoint/fields.ts";

export const MessageRecipientOut = field.object("MessageRecipientOut", {
  endpoint: EndpointOut,
  delivery: nullable(
    Type.Object(
      {
        state: wordOut(["pending", "delivered", "dead", "cancelled"]),
        reason: nullable(Type.String({ description: "Why the delivery is dead; otherwise null." })),
        attempts: Type.Integer({ description: "Number of attempts in all rounds." }),
        dueAt: nullable(Type.String({ format: "date-time", description: "Next attempt; null unless pending." })),
      },
      { description: "Null if the endpoint has no delivery of the message." },
    ),
  ),
  missed: nullable(
    Type.Object(
      {
        reason: wordOut(missedReasons, {
          description:
            "`created_later`: the endpoint is newer than the message. The others are derived from the endpoint's present settings. `disabled`: it is disabled, and was not disabled later than the message. `event_type`, `channel`: it does not subscribe to the message. `filter`: its filter does not match the message. `unknown`: it would receive the message now.",
        }),
        certain: Type.Boolean({
          description:
            "Whether the reason held when the message was accepted. False if the endpoint was changed since then, because earlier settings are not stored.",
        }),
      },
      { description: "Why there is no delivery; null if there is one." },
    ),
  ),
});

const example = { endpoint: endpointExample, delivery: null, missed: { reason: "event_type", certain: true } };

export function messageRecipientRoutes({ store, ids, lookup, pages, clock }: Context): Operation[] {
  const turns = new Turns(clock);
  return [
    operation({
      id: "message.list-recipients",
      method: "GET",
      path: "/api/v1/app/:app_id/msg/:msg_id/recipients",
      tag: "Message",
      summary: "List the endpoints that got a message, and why the others did not",
      description: "Lists the endpoints that the application has now, newest first. Deleted endpoints are not listed.",
      access: "application",
      query: Type.Object(pageQuery),
      responses: {
        200: {
          description: "A page of endpoints.",
          schema: field.listOf("MessageRecipientOut", MessageRecipientOut),
          example: {
            data: [example],
            iterator: endpointExample.id,
            prevIterator: `-${endpointExample.id}`,
            done: true,
          },
        },
      },
      problems: [404],
      async handle({ identity, params, query }) {
        const request = pageRequest(query, ids, "ep_");
        const { application, message } = await pages.inTurn(identity, () =>
          lookup.message(identity, params.app_id, params.msg_id),
        );
        const page = await store.configuration.endpoints.list(application.seq, request);
        const found = await store.survey.recipients(
          application.environmentSeq,
          message.seq,
          page.rows.map(({ seq }) => seq),
        );
        const without = page.rows.filter((_, i) => found[i] == null);
        const excluded = await excludedBy(without, message, turns);
        const rows = page.rows.map((endpoint, i) => ({ seq: endpoint.seq, endpoint, delivery: found[i] ?? null }));
        return reply(
          200,
          listed(
            { ...page, rows },
            ({ seq }) => ids.encode("ep_", seq),
            ({ endpoint, delivery }) => ({
              endpoint: endpointOut(endpoint, ids),
              delivery:
                delivery === null
                  ? null
                  : {
                      ...{ state: delivery.state, reason: delivery.reason, attempts: delivery.attemptsTotal },
                      dueAt: delivery.state === "pending" ? formatInstant(delivery.dueAt) : null,
                    },
              missed: delivery === null ? missedBy(endpoint, message, excluded.has(endpoint.seq)) : null,
            }),
          ),
        );
      },
    }),
  ];
}
