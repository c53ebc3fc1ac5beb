import { Type } from "@sinclair/typebox";
import type { Seq } from "../../core/id.ts";
import { notFound, Problem } from "../../core/problem.ts";
import type { Application, AttemptFilter } from "../../store/index.ts";
import {
  attemptExample,
  attemptOut,
  destinationExample,
  destinationOut,
  MessageAttemptOut,
  MessageEndpointOut,
} from "../attempt-fields.ts";
import type { Context } from "../context.ts";
import * as field from "../fields.ts";
import { contentQuery, messageFilter, messageFilterQuery } from "../message-fields.ts";
import { type Operation, operation } from "../operation.ts";
import { historyRequest, listed, listedAs, pageQuery, pageRequest } from "../paging.ts";
import { noContent, reply } from "../reply.ts";

const filterQuery = {
  ...pageQuery,
  ...messageFilterQuery,
  ...contentQuery,
  status: Type.Optional(Type.Integer({ enum: [0, 1, 2, 3], description: "0 success, 1 pending, 2 fail, 3 sending." })),
  status_code_class: Type.Optional(
    Type.Integer({
      enum: [0, 100, 200, 300, 400, 500],
      description: "Hundreds of the answer's status; 0 = no answer.",
    }),
  ),
};

const page = {
  200: {
    description: "A page of attempts.",
    schema: field.listOf("MessageAttemptOut", MessageAttemptOut),
    example: {
      data: [attemptExample],
      iterator: attemptExample.id,
      prevIterator: `-${attemptExample.id}`,
      done: true,
    },
  },
};

export function attemptRoutes(context: Context): Operation[] {
  const { store, ids, seqs, lookup, clock } = context;
  const tag = "Message attempt";
  const app = "/api/v1/app/:app_id";

  return [
    operation({
      id: "v1.message-attempt.list-by-endpoint",
      method: "GET",
      path: `${app}/attempt/endpoint/:endpoint_id`,
      tag,
      summary: "List the attempts of an endpoint",
      description: "Newest first.",
      access: "application",
      query: Type.Object(filterQuery),
      answers: page,
      problems: [404],
      async handle({ identity, params, query }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const withContent = query.with_content ?? true;
        const request = historyRequest(query, ids, "atmpt_");
        const rows = await store.attempts.ofEndpoint(endpoint.seq, attemptFilter(query), request, withContent);
        return reply(
          200,
          listed(rows, idOf, (attempt) => attemptOut(attempt, ids, withContent)),
        );
      },
    }),

    operation({
      id: "v1.message-attempt.list-by-msg",
      method: "GET",
      path: `${app}/attempt/msg/:msg_id`,
      tag,
      summary: "List the attempts of a message",
      description: "Newest first.",
      access: "application",
      query: Type.Object({
        ...filterQuery,
        endpoint_id: Type.Optional(Type.String({ description: "Only those to this endpoint: its id or uid." })),
      }),
      answers: page,
      problems: [404],
      async handle({ identity, params, query }) {
        const { application, message } = await lookup.message(identity, params.app_id, params.msg_id);
        const endpoint = query.endpoint_id === undefined ? null : await lookup.endpoint(application, query.endpoint_id);
        const withContent = query.with_content ?? true;
        const filter = { ...attemptFilter(query), ...(endpoint !== null && { endpointSeq: endpoint.seq }) };
        const request = historyRequest(query, ids, "atmpt_");
        const rows = await store.attempts.ofMessage(message.seq, filter, request, withContent);
        return reply(
          200,
          listed(rows, idOf, (attempt) => attemptOut(attempt, ids, withContent)),
        );
      },
    }),

    operation({
      id: "v1.message-attempt.get",
      method: "GET",
      path: `${app}/msg/:msg_id/attempt/:attempt_id`,
      tag,
      summary: "Get an attempt",
      access: "application",
      answers: { 200: { description: "The attempt.", schema: MessageAttemptOut, example: attemptExample } },
      problems: [404],
      async handle({ identity, params }) {
        const { message } = await lookup.message(identity, params.app_id, params.msg_id);
        return reply(200, attemptOut(await attemptOf(message.seq, params.attempt_id), ids, true));
      },
    }),

    operation({
      id: "v1.message-attempt.expunge-content",
      method: "DELETE",
      path: `${app}/msg/:msg_id/attempt/:attempt_id/content`,
      tag,
      summary: "Delete the answer that an attempt got",
      access: "environment",
      answers: { 204: { description: "The answer's body is gone." } },
      problems: [404],
      async handle({ identity, params }) {
        const { message } = await lookup.message(identity, params.app_id, params.msg_id);
        const attempt = await attemptOf(message.seq, params.attempt_id);
        await store.attempts.expunge(attempt.seq);
        return noContent;
      },
    }),

    operation({
      id: "v1.message-attempt.list-attempted-destinations",
      method: "GET",
      path: `${app}/msg/:msg_id/endpoint`,
      tag,
      summary: "List the endpoints that a message goes to",
      description: "With how far each delivery is; also endpoints that have been deleted since.",
      access: "application",
      query: Type.Object(pageQuery),
      answers: {
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
        const { message } = await lookup.message(identity, params.app_id, params.msg_id);
        const { limit, from, backwards } = pageRequest(query, ids, "ep_", "ascending");
        const deliveries = [...(await store.messages.deliveries(message.seq))].sort(
          (a, b) => a.endpointSeq - b.endpointSeq,
        );
        const ahead = deliveries.filter(
          ({ endpointSeq }) => from === null || (backwards ? endpointSeq < from : endpointSeq > from),
        );
        const rows = backwards ? ahead.slice(-limit) : ahead.slice(0, limit);
        const endpoints = await Promise.all(rows.map(({ endpointSeq }) => store.endpoints.get(endpointSeq)));
        const out = rows.flatMap((delivery, i) => {
          const endpoint = endpoints[i];
          return endpoint == null ? [] : [destinationOut(endpoint, delivery, ids)];
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

    operation({
      id: "v1.message-attempt.resend",
      method: "POST",
      path: `${app}/msg/:msg_id/endpoint/:endpoint_id/resend`,
      tag,
      summary: "Send a message to an endpoint again",
      description:
        "Now, and when it fails by the whole retry schedule; also when the endpoint did not want it at first.",
      access: "application",
      answers: {
        202: { description: "It is on its way.", schema: Type.Object({}, { title: "EmptyResponse" }), example: {} },
      },
      problems: [400, 404],
      async handle({ identity, params }) {
        const { application, message } = await lookup.message(identity, params.app_id, params.msg_id);
        const endpoint = await lookup.endpoint(application, params.endpoint_id);
        if (message.payload === null) {
          throw new Problem(400, "missing_payload", "The payload of this message is no longer kept.");
        }
        if (endpoint.disabled) {
          throw new Problem(
            400,
            "endpoint_disabled",
            "The endpoint is disabled: nothing is sent to it. Enable it first.",
          );
        }
        await resend(application, message.seq, endpoint.seq);
        return reply(202, {});
      },
    }),
  ];

  function idOf({ seq }: { readonly seq: Seq }): string {
    return ids.encode("atmpt_", seq);
  }

  async function attemptOf(messageSeq: Seq, id: string) {
    const seq = ids.decode("atmpt_", id);
    const attempt = seq === null ? null : await store.attempts.get(messageSeq, seq);
    if (attempt === null) throw notFound("Attempt not found");
    return attempt;
  }

  async function resend({ environmentSeq }: Application, messageSeq: Seq, endpointSeq: Seq): Promise<void> {
    const position = seqs.next();
    const fresh = { seq: position, position, now: clock.now() };
    const { was, deliverySeq } = await store.resend(messageSeq, endpointSeq, fresh);
    context.facts.state({ type: "delivery.resent", environmentSeq, endpointSeq, deliverySeq, was });
    context.deliverer.wake(endpointSeq, position);
  }
}

type AttemptQuery = Parameters<typeof messageFilter>[0] & {
  readonly status?: number;
  readonly status_code_class?: number;
};

function attemptFilter(query: AttemptQuery): AttemptFilter {
  return {
    ...messageFilter(query),
    ...(query.status !== undefined && { status: query.status as 0 | 1 | 2 | 3 }),
    ...(query.status_code_class !== undefined && { statusCodeClass: query.status_code_class }),
  };
}
