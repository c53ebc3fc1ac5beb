import { Type } from "@sinclair/typebox";
import type { Accepted, Incoming } from "../../../accept/accept.ts";
import { arrayItems, type ByteRange, topLevelFields } from "../../../core/json.ts";
import { conflict, Invalid, notFound, Problem } from "../../../core/problem.ts";
import type { ApplicationEntry } from "../../../store/directory.ts";
import type { IdempotentAnswer } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { foundTexts, historyRequest, pageQuery } from "../../http/paging.ts";
import type { Reply } from "../../http/reply.ts";
import { checker, findingsOf, ruled } from "../../http/schema.ts";
import type { Identity } from "../../identity/auth.ts";
import { createOnDemand } from "../application/on-demand.ts";
import { withPayloads } from "./content-budget.ts";
import {
  contentQuery,
  incomingOf,
  MessageIn,
  MessageOut,
  messageExample,
  messageFilter,
  messageFilterQuery,
  type SentMessage,
} from "./fields.ts";
import { messageText, messageTextWith, payloadText } from "./out.ts";
import { held, heldInTurn } from "./payload-check.ts";

const BATCH_MAX = 1000;
const bodyExample = { eventType: "user.signup", payload: { type: "user.signup", id: "u_1" } };

const BatchIn = field.object("MessageBatchIn", {
  // Items are checked one by one, so that a wrong one fails alone.
  messages: Type.Array(
    ruled(Type.Unknown(), () => null, MessageIn),
    { minItems: 1, maxItems: BATCH_MAX },
  ),
});
const ItemProblem = field.object("BatchItemProblem", { code: Type.String(), detail: Type.String() });
const BatchOut = field.object("MessageBatchOut", {
  data: Type.Array(Type.Union([MessageOut, ItemProblem]), { description: "In the order of the messages." }),
});

export function messageRoutes(context: Context): Operation[] {
  const { store, ids, lookup, accepter, payloadRules, ingestRate, clock } = context;
  const tag = "Message";
  const path = "/api/v1/app/:app_id/msg";

  /** 202 with what the caller sent; the number and the time are all that is new. Or else with what was sent the first time. */
  function acceptedReply(incoming: Incoming, result: Accepted, withContent: boolean): Reply | Promise<Reply> {
    if (result.accepted) return { status: 202, body: outText(incoming, result, withContent) };
    if (result.because === "event-id") throw eventIdTaken();
    return repeated(result.answer, withContent).then((reply) => reply ?? Promise.reject(notFound("Message not found")));
  }

  function outText(
    incoming: Incoming,
    { seq, acceptedAt }: Accepted & { accepted: true },
    withContent: boolean,
  ): string {
    return messageTextWith({ ...incoming, seq, acceptedAt }, ids, withContent ? payloadText(incoming) : "{}");
  }

  async function repeated(answer: IdempotentAnswer, withContent: boolean): Promise<Reply | null> {
    if (answer.kind === "text") return { status: answer.status, body: answer.body };
    const message = await store.history.messages.get(answer.messageSeq);
    return message === null ? null : { status: 202, body: messageText(message, ids, withContent) };
  }

  async function entryFor(identity: Identity, app: string, body: SentMessage): Promise<ApplicationEntry> {
    const known = await lookup.entry(identity, app);
    if (known !== null) return known;
    if (body.application == null) throw notFound("Application not found");
    return createdEntry(context, identity, app, body.application);
  }

  return [
    operation({
      id: "v1.message.create",
      method: "POST",
      path,
      tag,
      summary: "Send a message",
      description:
        "Answered when it is safely stored. It goes to every endpoint of the application that wants its type and channels; one that nobody wants is kept as well.",
      access: "environment",
      audited: false,
      query: Type.Object(contentQuery),
      body: MessageIn,
      bodyExample,
      answers: { 202: { description: "It is stored and on its way.", schema: MessageOut, example: messageExample } },
      problems: [404, 409, 429],
      repeat: (answer, query) => repeated(answer, isWithContent(query as { with_content?: boolean })),
      async handle({ identity, params, query, body, bytes, idempotency }) {
        ingestRate.spend(identity.caller, 1);
        const known = lookup.entry(identity, params.app_id);
        const rule = payloadRules.of(identity.environmentSeq, body.eventType);
        const incoming = held(
          incomingOf(body, bytes, [0, bytes.length], idempotency, clock.now()),
          body,
          rule instanceof Promise ? await rule : rule,
        );
        const entry =
          known === null || known instanceof Promise ? await entryFor(identity, params.app_id, body) : known;
        const result = await accepter.accept(entry, incoming);
        return acceptedReply(incoming, result, isWithContent(query));
      },
    }),

    operation({
      id: "v1.message.create-batch",
      method: "POST",
      path: `${path}/batch`,
      tag,
      summary: "Send up to 1,000 messages",
      description: "In one commit. Wrong ones fail alone; the answers stand in the order of the messages.",
      access: "environment",
      audited: false,
      query: Type.Object(contentQuery),
      body: BatchIn,
      bodyExample: { messages: [bodyExample] },
      answers: {
        202: { description: "One answer a message.", schema: BatchOut, example: { data: [messageExample] } },
      },
      problems: [404, 429],
      async handle({ identity, params, query, body, bytes }) {
        ingestRate.spend(identity.caller, body.messages.length);
        const entry = (await lookup.entry(identity, params.app_id)) ?? raise(notFound("Application not found"));
        const ranges = itemRanges(bytes);
        const items: (Incoming | Problem)[] = [];
        for (const [i, item] of body.messages.entries()) {
          items.push(await readItem(context, identity, item, bytes, ranges[i]!));
        }
        const incoming = items.filter((item): item is Incoming => !(item instanceof Problem));
        const results = await accepter.acceptAll(entry, incoming);
        let next = 0;
        const texts = items.map((item) => {
          if (item instanceof Problem) return problemText(item);
          const result = results[next++]!;
          if (!result.accepted) return problemText(eventIdTaken());
          return outText(item, result, isWithContent(query));
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
      answers: {
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
        const bare = await store.history.messages.list(application.seq, messageFilter(query), page, false);
        const messages = withContent ? await withPayloads(store, bare, page.backwards) : bare;
        return foundTexts(
          messages,
          page,
          ({ seq }) => ids.encode("msg_", seq),
          (message) => messageText(message, ids, withContent),
        );
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
      answers: { 200: { description: "The message.", schema: MessageOut, example: messageExample } },
      problems: [404],
      async handle({ identity, params, query }) {
        const { message } = await lookup.message(identity, params.app_id, params.msg_id);
        return { status: 200, body: messageText(message, ids, isWithContent(query)) };
      },
    }),
  ];
}

function isWithContent(query: { readonly with_content?: boolean }): boolean {
  return query.with_content ?? true;
}

/** The message makes its application, whose uid must be the one in the path. */
async function createdEntry(
  context: Context,
  identity: Identity,
  app: string,
  application: NonNullable<SentMessage["application"]>,
): Promise<ApplicationEntry> {
  await createOnDemand(context, identity, app, application);
  return (await context.lookup.entry(identity, app)) ?? raise(notFound("Application not found"));
}

/** Where the items of `messages` lie. The body has been parsed: they are there. */
function itemRanges(bytes: Uint8Array): ByteRange[] {
  const at = topLevelFields(bytes)?.fields.get("messages");
  return (at === undefined ? null : arrayItems(bytes, at)) ?? [];
}

async function readItem(
  { payloadRules, clock }: Context,
  { environmentSeq }: Identity,
  item: unknown,
  bytes: Uint8Array,
  range: ByteRange,
): Promise<Incoming | Problem> {
  if (!checker(MessageIn).Check(item)) return itemProblem(new Invalid(...findingsOf(MessageIn, item, "body")));
  const sent = item as SentMessage;
  try {
    const incoming = incomingOf(sent, bytes, range, null, clock.now());
    return await heldInTurn(incoming, sent, await payloadRules.of(environmentSeq, sent.eventType));
  } catch (error) {
    if (error instanceof Invalid) return itemProblem(error);
    throw error;
  }
}

function itemProblem({ findings: [first] }: Invalid): Problem {
  const where = first!.loc.slice(1).join(".");
  return new Problem(422, "validation_error", where === "" ? first!.msg : `${where}: ${first!.msg}`);
}

function problemText({ code, detail }: Problem): string {
  return JSON.stringify({ code, detail: detail.toWellFormed() });
}

function eventIdTaken(): Problem {
  return conflict("A message with this eventId already exists");
}

function raise(error: Error): never {
  throw error;
}
