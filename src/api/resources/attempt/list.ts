import { type Static, Type } from "@sinclair/typebox";
import type { Seq } from "../../../core/id.ts";
import type { Attempt, AttemptFilter, PageOf, PageRequest } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { foundTexts, historyRequest, pageQuery } from "../../http/paging.ts";
import type { Reply } from "../../http/reply.ts";
import type { Identity } from "../../identity/identity.ts";
import { contentQuery, messageFilter, messageFilterQuery } from "../message/fields.ts";
import { messageText } from "../message/out.ts";
import { attemptExample, attemptOut, expandedQuery, MessageAttemptOut, statusQuery } from "./fields.ts";
import { classNumbers, classOfNumber, outcomeOfNumber } from "./svix-numbers.ts";

const filterQuery = {
  ...pageQuery,
  ...messageFilterQuery,
  ...contentQuery,
  ...statusQuery,
  ...expandedQuery,
  status_code_class: Type.Optional(
    Type.Integer({
      enum: [...classNumbers],
      description: "Class of the response status, such as 500; 0 means no response.",
    }),
  ),
};
export const endpointAttemptQuery = Type.Object({
  ...filterQuery,
  with_msg: Type.Optional(
    Type.Boolean({ default: false, description: "Include the message of each attempt, without its payload." }),
  ),
});
const batchQuery = Type.Object({
  ...endpointAttemptQuery.properties,
  batch_id: Type.Optional(Type.String({ description: "Include only attempts of this batch." })),
});
const messageQuery = Type.Object({
  ...filterQuery,
  endpoint_id: Type.Optional(
    Type.String({ description: "Include only attempts of this endpoint, given by id or uid." }),
  ),
});
const bothQuery = Type.Object(filterQuery);
type EndpointQuery = Static<typeof batchQuery>;
type MessageQuery = Static<typeof messageQuery>;

export const attemptPage = {
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

/** Returns a page of the attempts of an endpoint, newest first. */
export function attemptsOfEndpoint(
  context: Context,
  identity: Identity,
  endpointSeq: Seq,
  query: EndpointQuery,
): Promise<Reply> {
  const { store, ids, pages } = context;
  const withContent = query.with_content ?? true;
  const request = historyRequest(query, ids, "atmpt_");
  const batchSeq = query.batch_id === undefined ? undefined : ids.decode("batch_", query.batch_id);
  const ofAll = attemptFilter(query);
  const filter = ofAll === null || batchSeq === null ? null : { ...ofAll, ...(batchSeq !== undefined && { batchSeq }) };
  return pages.inTurn(identity, async () => {
    const attempts =
      filter === null
        ? NO_ATTEMPTS
        : await store.history.attempts.ofEndpoint(endpointSeq, filter, request, withContent);
    const messages = query.with_msg ? await messagesOf(context, attempts) : null;
    return listed(context, attempts, request, (attempt) => ({
      ...attemptOut(attempt, ids, withContent, query.expanded_statuses),
      ...(messages !== null && { msg: messages.get(attempt.messageSeq) }),
    }));
  });
}

async function listed(
  { ids, pages }: Context,
  attempts: PageOf<Attempt>,
  request: PageRequest,
  out: (attempt: Attempt) => object,
): Promise<Reply> {
  const texts = await pages.texts(attempts.rows, (attempt) => JSON.stringify(out(attempt)));
  return foundTexts(attempts, request, ({ seq }) => ids.encode("atmpt_", seq), texts);
}

/** Returns the messages of a page of attempts, in response form. */
function messagesOf({ ids, pages }: Context, { rows }: PageOf<Attempt>): Promise<Map<Seq, unknown>> {
  const seqs = new Set(rows.map(({ messageSeq }) => messageSeq));
  return pages.messages(seqs, (message) => JSON.parse(messageText(message, ids, false)));
}

export function attemptListRoutes(context: Context): Operation[] {
  const { store, ids, pages, lookup } = context;
  const tag = "Message attempt";
  const app = "/api/v1/app/:app_id";
  const description = "Newest first.";

  async function listOfMessage(identity: Identity, path: { app: string; message: string }, query: MessageQuery) {
    const { application, message } = await lookup.knownMessage(identity, path.app, path.message);
    const endpoint = query.endpoint_id === undefined ? null : await lookup.endpoint(application, query.endpoint_id);
    const withContent = query.with_content ?? true;
    const filter = attemptFilter(query);
    const request = historyRequest(query, ids, "atmpt_");
    const scope = endpoint === null ? {} : { endpointSeq: endpoint.seq };
    return pages.inTurn(identity, async () => {
      const attempts =
        filter === null
          ? NO_ATTEMPTS
          : await store.history.attempts.ofMessage(message.seq, { ...filter, ...scope }, request, withContent);
      return listed(context, attempts, request, (attempt) =>
        attemptOut(attempt, ids, withContent, query.expanded_statuses),
      );
    });
  }

  return [
    operation({
      id: "v1.message-attempt.list-by-endpoint",
      method: "GET",
      path: `${app}/attempt/endpoint/:endpoint_id`,
      tag,
      summary: "List the attempts of an endpoint",
      description,
      access: "application",
      query: batchQuery,
      responses: attemptPage,
      problems: [404],
      async handle({ identity, params, query }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        return attemptsOfEndpoint(context, identity, endpoint.seq, query);
      },
    }),

    operation({
      id: "v1.message-attempt.list-by-msg",
      method: "GET",
      path: `${app}/attempt/msg/:msg_id`,
      tag,
      summary: "List the attempts of a message",
      description,
      access: "application",
      query: messageQuery,
      responses: attemptPage,
      problems: [404],
      handle: ({ identity, params, query }) =>
        listOfMessage(identity, { app: params.app_id, message: params.msg_id }, query),
    }),

    operation({
      id: "v1.message-attempt.list-by-msg-deprecated",
      method: "GET",
      path: `${app}/msg/:msg_id/attempt`,
      tag,
      summary: "List the attempts of a message",
      access: "application",
      hidden: true,
      query: messageQuery,
      responses: attemptPage,
      problems: [404],
      handle: ({ identity, params, query }) =>
        listOfMessage(identity, { app: params.app_id, message: params.msg_id }, query),
    }),

    operation({
      id: "v1.message-attempt.list-by-endpoint-deprecated",
      method: "GET",
      path: `${app}/msg/:msg_id/endpoint/:endpoint_id/attempt`,
      tag,
      summary: "List the attempts of a message to an endpoint",
      access: "application",
      hidden: true,
      query: bothQuery,
      responses: attemptPage,
      problems: [404],
      handle: ({ identity, params, query }) =>
        listOfMessage(
          identity,
          { app: params.app_id, message: params.msg_id },
          { ...query, endpoint_id: params.endpoint_id },
        ),
    }),
  ];
}

type AttemptQuery = Parameters<typeof messageFilter>[0] & {
  readonly status?: number;
  readonly status_code_class?: number;
};

const NO_ATTEMPTS: PageOf<Attempt> = { rows: [], more: false };

/** Converts a query to a filter. Returns null if no attempt can match. */
function attemptFilter(query: AttemptQuery): AttemptFilter | null {
  const { status, status_code_class: classNumber } = query;
  const outcome = status === undefined ? undefined : outcomeOfNumber(status);
  if (outcome === null) return null;
  return {
    ...messageFilter(query),
    ...(outcome !== undefined && { outcome }),
    ...(classNumber !== undefined && { responseClass: classOfNumber(classNumber) }),
  };
}
