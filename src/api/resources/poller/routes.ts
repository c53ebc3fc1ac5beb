import { Type } from "@sinclair/typebox";
import { confirmMessages, seekConsumer } from "../../../commands/pollers.ts";
import { type Seq, seqBefore } from "../../../core/id.ts";
import { parseInstant } from "../../../core/instant.ts";
import { pageLimitDefault } from "../../../core/page.ts";
import type { Application, PollerKey } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { messageSeqOf } from "../../http/message-id.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { pageQuery } from "../../http/paging.ts";
import { instant } from "../../http/query.ts";
import { reply } from "../../http/reply.ts";
import { instantText, nullable } from "../../http/schema.ts";
import { MessageOut, messageExample } from "../message/fields.ts";
import { checkName } from "./name.ts";
import { PollReader } from "./poll-reader.ts";

const WAIT_SECONDS_MAX = 30;

const PollingOut = field.object("PollingEndpointOut", {
  data: Type.Array(
    field.object("PollingEndpointMessageOut", {
      ...MessageOut.properties,
      headers: nullable(
        Type.Record(Type.String(), Type.String(), { description: "Additional headers of this message." }),
      ),
    }),
    { description: "In the order of acceptance." },
  ),
  iterator: Type.String({ description: "Pass it as `iterator` to get the next messages." }),
  done: Type.Boolean({ description: "True if there are no more messages at the moment." }),
});
const SeekIn = field.object("PollingEndpointConsumerSeekIn", {
  after: instantText("Continue with messages accepted after this instant."),
});
const SeekOut = field.object("PollingEndpointConsumerSeekOut", { iterator: Type.String() });

const pollResponses = {
  200: {
    description: "The next messages; empty if there are none.",
    schema: PollingOut,
    example: { data: [{ ...messageExample, headers: null }], iterator: messageExample.id, done: true },
  },
};

const waitQuery = {
  wait: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: WAIT_SECONDS_MAX,
      default: 0,
      description: "If there are no messages, wait for them up to this many seconds.",
    }),
  ),
};

const SINK = "Every sink returns all messages of the application.";

/** Defines the operations with which clients fetch messages instead of receiving them as webhooks. */
export function pollerRoutes(context: Context): Operation[] {
  const { store, ids, lookup } = context;
  const reader = new PollReader(context);
  const tag = "Message poller";
  const path = "/api/v1/app/:app_id/poller/:sink_id";
  const consumerPath = `${path}/consumer/:consumer_id` as const;

  const iteratorOf = (text: string) =>
    store.moves?.ids.placeOf(text) ??
    messageSeqOf(ids, text, ["query", "iterator"], "Must be an iterator of this list (msg_…).");

  function keyOf({ seq }: Application, params: { readonly sink_id: string; readonly consumer_id: string }): PollerKey {
    checkName("sink_id", params.sink_id);
    checkName("consumer_id", params.consumer_id);
    return { applicationSeq: seq, sink: params.sink_id, consumer: params.consumer_id };
  }

  return [
    operation({
      id: "v1.message.poller.poll",
      method: "GET",
      path,
      tag,
      summary: "Fetch messages",
      description: `Starts with the oldest stored message and continues from the iterator. \`sink_id\` is a name of your choice; sinks need not be created. ${SINK}`,
      access: "application",
      lasting: true,
      query: Type.Object({
        ...pageQuery,
        event_type: Type.Optional(field.eventTypeName),
        channel: Type.Optional(field.channel),
        after: Type.Optional(
          instant("Start with messages accepted after this instant. Ignored if there is an iterator."),
        ),
        ...waitQuery,
      }),
      responses: pollResponses,
      problems: [404],
      async handle({ request, identity, params, query, admission }) {
        const application = await lookup.application(identity, params.app_id);
        checkName("sink_id", params.sink_id);
        const begin = query.after === undefined ? 0 : lastSeqAt(query.after);
        return reader.poll({
          identity,
          application,
          filter: {
            ...(query.event_type !== undefined && { eventTypes: [query.event_type] }),
            ...(query.channel !== undefined && { channel: query.channel }),
          },
          from: query.iterator === undefined ? begin : iteratorOf(query.iterator),
          limit: query.limit ?? pageLimitDefault,
          waitMs: (query.wait ?? 0) * 1000,
          caller: request.signal,
          admission,
        });
      },
    }),

    operation({
      id: "v1.message.poller.consumer-poll",
      readOnlyAccess: false,
      method: "GET",
      path: consumerPath,
      tag,
      summary: "Fetch messages as a consumer",
      description: `The server stores the position of each consumer. An iterator acknowledges everything up to it: the consumer moves there and gets the messages that follow. Without an iterator it gets the messages after its stored position, so messages that are not acknowledged are returned again. \`sink_id\` and \`consumer_id\` are names of your choice; sinks and consumers need not be created. ${SINK}`,
      access: "application",
      lasting: true,
      query: Type.Object({ ...pageQuery, ...waitQuery }),
      responses: pollResponses,
      problems: [400, 404],
      async handle({ request, identity, params, query, admission }) {
        const application = await lookup.application(identity, params.app_id);
        const key = keyOf(application, params);
        const confirmed = query.iterator === undefined ? null : iteratorOf(query.iterator);
        if (confirmed !== null) await confirmMessages(context, key, confirmed);
        return reader.poll({
          identity,
          application,
          filter: {},
          from: confirmed ?? (await store.history.pollers.cursor(key)) ?? 0,
          limit: query.limit ?? pageLimitDefault,
          waitMs: (query.wait ?? 0) * 1000,
          caller: request.signal,
          admission,
        });
      },
    }),

    operation({
      id: "v1.message.poller.consumer-seek",
      method: "POST",
      path: `${consumerPath}/seek`,
      tag,
      summary: "Move a consumer",
      description: "Moves the consumer to a time. The consumer continues with the messages accepted after that time.",
      access: "application",
      capability: "ViewBase",
      audited: false,
      body: SeekIn,
      bodyExample: { after: "2026-01-01T00:00:00Z" },
      responses: {
        200: { description: "The consumer was moved.", schema: SeekOut, example: { iterator: messageExample.id } },
      },
      problems: [400, 404],
      async handle({ identity, params, body }) {
        const application = await lookup.application(identity, params.app_id);
        const cursor = lastSeqAt(parseInstant(body.after)!);
        await seekConsumer(context, keyOf(application, params), cursor);
        return reply(200, { iterator: ids.encode("msg_", cursor) });
      },
    }),
  ];
}

/** Returns the highest seq that a message accepted at or before `at` can have. */
function lastSeqAt(at: number): Seq {
  return Math.min(seqBefore(at + 1), Number.MAX_SAFE_INTEGER - 1);
}
