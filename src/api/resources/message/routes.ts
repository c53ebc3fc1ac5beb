import { Type } from "@sinclair/typebox";
import type { Incoming } from "../../../accept/incoming.ts";
import type { MessageToSend } from "../../../accept/payload-check.ts";
import { type Destination, type SentMessage, sendBatch, sendMessage } from "../../../commands/send.ts";
import type { Seq } from "../../../core/id.ts";
import { versionAt } from "../../../core/payload-version.ts";
import { Invalid, notFound, Problem } from "../../../core/problem.ts";
import type { IdempotentResponse } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { foundTexts, historyRequest, pageQuery } from "../../http/paging.ts";
import type { Reply } from "../../http/reply.ts";
import type { Identity } from "../../identity/auth.ts";
import { onDemandOf } from "../application/on-demand.ts";
import { BatchIn, itemRanges, problemText, readItem } from "./batch.ts";
import {
  contentQuery,
  type MessageBody,
  MessageIn,
  MessageOut,
  messageExample,
  messageFilter,
  messageFilterQuery,
} from "./fields.ts";
import { messageOf, originOf, payloadRanges } from "./incoming.ts";
import { messageText, messageTextWith, payloadText, withVersion } from "./out.ts";

const bodyExample = { eventType: "user.signup", payload: { type: "user.signup", id: "u_1" } };

const ItemProblem = field.object("BatchItemProblem", { code: Type.String(), detail: Type.String() });
const BatchOut = field.object("MessageBatchOut", {
  data: Type.Array(Type.Union([MessageOut, ItemProblem]), { description: "The results in the order of the messages." }),
});

export function messageRoutes(context: Context): Operation[] {
  const { store, ids, pages, lookup, ingestRate } = context;
  const tag = "Message";
  const path = "/api/v1/app/:app_id/msg";

  /** Returns the response to an earlier request with the same key. Throws 404 if its message no longer exists. */
  async function earlierReply(
    identity: Identity,
    app: string,
    { response }: Exclude<Awaited<ReturnType<typeof sendMessage>>, { accepted: true }>,
    withContent: boolean,
  ): Promise<Reply> {
    const entry = await lookup.entry(identity, app);
    const reply = await repeated(response, entry?.application.seq ?? null, withContent);
    if (reply === null) throw notFound("Message not found");
    return { ...reply, repeated: response };
  }

  function outText(incoming: Incoming, sent: SentMessage, withContent: boolean): string {
    return messageTextWith({ ...incoming, ...sent }, ids, withContent ? payloadText(incoming) : "{}");
  }

  /** Returns the response for a message, or null if the application does not have it any more. */
  async function repeated(
    answer: IdempotentResponse,
    applicationSeq: Seq | null,
    withContent: boolean,
  ): Promise<Reply | null> {
    if (answer.kind === "text") return { status: answer.status, body: answer.body };
    const message = await store.history.messages.get(answer.messageSeq);
    if (message?.applicationSeq !== applicationSeq) return null;
    return { status: 202, body: messageText(message, ids, withContent) };
  }

  /**
   * Returns the application to create before the message is sent. Returns null if the application
   * already exists or the request does not describe one.
   */
  async function onDemandFor(identity: Identity, app: string, { application }: MessageBody) {
    if (application == null || (await lookup.entry(identity, app)) !== null) return null;
    return onDemandOf(context, identity, app, application);
  }

  const destination = ({ environmentSeq }: Identity, app: string): Destination => ({
    environmentSeq,
    application: lookup.key("app_", app),
  });

  return [
    operation({
      id: "v1.message.create",
      method: "POST",
      path,
      tag,
      summary: "Send a message",
      description:
        "Responds once the message is durably stored. It is delivered to every endpoint of the application that subscribes to its event type and channels. If no endpoint matches, the message is still stored. A message that exceeds the quota of the application gets `quota_exceeded`: 429 beyond the messages per day, with `Retry-After` until midnight UTC, and 403 beyond the stored bytes. Valid `traceparent` and `tracestate` headers (W3C Trace Context) are stored with the message and sent to the endpoints.",
      access: "environment",
      audited: false,
      query: Type.Object(contentQuery),
      body: MessageIn,
      unreadParts: payloadRanges,
      bodyExample,
      responses: {
        202: {
          description: "The message was stored and is being delivered.",
          schema: MessageOut,
          example: messageExample,
        },
      },
      problems: [404, 409, 429],
      repeat: (answer, { query, applicationSeq }) =>
        repeated(answer, applicationSeq, isWithContent(query as { with_content?: boolean })),
      async handle({ identity, params, query, body, bytes, idempotency, request, begunAt }) {
        ingestRate.spend(identity.caller, 1);
        const message = messageOf(body, bytes, [0, bytes.length], idempotency, originOf(request, begunAt));
        const onDemand = body.application == null ? null : await onDemandFor(identity, params.app_id, body);
        const sent = await sendMessage(context, destination(identity, params.app_id), message, onDemand);
        const withContent = isWithContent(query);
        if (!sent.accepted) return earlierReply(identity, params.app_id, sent, withContent);
        return { status: 202, body: outText(message.incoming, sent, withContent) };
      },
    }),

    operation({
      id: "v1.message.create-batch",
      method: "POST",
      path: `${path}/batch`,
      tag,
      summary: "Send up to 1,000 messages",
      description:
        "Responds once all messages are durably stored. They are stored in one commit, or in several if together they have more than 1,000 deliveries. Invalid messages fail individually, and so do those that exceed the quota of the application (`quota_exceeded`) or could not be stored because the disk became full (`unavailable`). The results are in the order of the messages. If there is no response, some of the messages may be stored: give each message an `eventId`, and a retry stores none of them twice. All messages have the `traceparent` and `tracestate` of the request.",
      access: "environment",
      audited: false,
      query: Type.Object(contentQuery),
      body: BatchIn,
      unreadParts: (bytes) => itemRanges(bytes).flatMap(([from]) => payloadRanges(bytes, from)),
      bodyExample: { messages: [bodyExample] },
      responses: {
        202: { description: "One result per message.", schema: BatchOut, example: { data: [messageExample] } },
      },
      problems: [404, 429],
      async handle({ identity, params, query, body, bytes, request, begunAt }) {
        ingestRate.spend(identity.caller, body.messages.length);
        const ranges = itemRanges(bytes);
        const origin = originOf(request, begunAt);
        const items = body.messages.map((item, i) => readItem(item, bytes, ranges[i]!, origin));
        const messages = items.filter((item): item is MessageToSend => !(item instanceof Invalid));
        const results = (await sendBatch(context, destination(identity, params.app_id), messages)).values();
        const texts = items.map((item) => {
          if (item instanceof Invalid) return problemText(item);
          const result = results.next().value!;
          if (result instanceof Invalid || result instanceof Problem) return problemText(result);
          return outText(item.incoming, result, isWithContent(query));
        });
        return { status: 202, body: `{"data":[${texts.join(",")}]}` };
      },
    }),

    operation({
      id: "v1.message.list",
      method: "GET",
      path,
      tag,
      summary: "List messages",
      description: "Newest first.",
      access: "application",
      query: Type.Object({ ...pageQuery, ...messageFilterQuery, ...contentQuery }),
      responses: {
        200: {
          description: "A page of messages.",
          schema: field.listOf("MessageOut", MessageOut),
          example: {
            data: [messageExample],
            iterator: messageExample.id,
            prevIterator: `-${messageExample.id}`,
            done: true,
          },
        },
      },
      problems: [404],
      async handle({ identity, params, query }) {
        const application = await lookup.application(identity, params.app_id);
        const page = historyRequest(query, ids, "msg_");
        const withContent = isWithContent(query);
        return pages.inTurn(identity, async () => {
          const bare = await store.history.messages.list(application.seq, messageFilter(query), page, false);
          const messages = withContent ? await pages.withPayloads(bare, page.backwards) : bare;
          const texts = await pages.texts(messages.rows, (message) => messageText(message, ids, withContent));
          return foundTexts(messages, page, ({ seq }) => ids.encode("msg_", seq), texts);
        });
      },
    }),

    operation({
      id: "v1.message.get",
      method: "GET",
      path: `${path}/:msg_id`,
      tag,
      summary: "Get a message",
      access: "application",
      query: Type.Object(contentQuery),
      responses: { 200: { description: "The message.", schema: MessageOut, example: messageExample } },
      problems: [404],
      async handle({ identity, params, query }) {
        return pages.inTurn(identity, async () => {
          const { message } = await lookup.message(identity, params.app_id, params.msg_id);
          const versions = await store.configuration.payloadVersions.all(identity.environmentSeq);
          const text = messageText(message, ids, isWithContent(query));
          return { status: 200, body: withVersion(text, versionAt(versions, message.seq)) };
        });
      },
    }),
  ];
}

function isWithContent(query: { readonly with_content?: boolean }): boolean {
  return query.with_content ?? true;
}
