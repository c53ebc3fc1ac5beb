import { Type } from "@sinclair/typebox";
import type { Seq } from "../../../core/id.ts";
import type { Application, MessageFilter } from "../../../store/index.ts";
import { callerOf } from "../../http/byte-budget.ts";
import type { Context } from "../../http/context.ts";
import { corsHeaders } from "../../http/cors.ts";
import { messageSeqOf } from "../../http/message-id.ts";
import { type Operation, operation } from "../../http/operation.ts";
import type { Identity } from "../../identity/identity.ts";
import type { EventPage } from "../../live/message-stream.ts";
import { MessageStreams } from "../../live/message-streams.ts";
import { messageExample, messageFilter, messageFilterQuery } from "./fields.ts";
import { messageText } from "./out.ts";

/** Maximum number of messages in one read, and size of their payloads in bytes. */
const PAGE_MESSAGES = 50;
const PAGE_BYTES = 64 * 1024;

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // Otherwise nginx holds events back until its buffer is full.
  "x-accel-buffering": "no",
  ...corsHeaders,
};

/** Defines the stream of an application's messages. */
export function messageEventRoutes(context: Context): Operation[] {
  const { ids, facts, clock, stopping, lookup, pages, seqs, store } = context;
  const streams = new MessageStreams({ facts, clock, stopping, isShared: () => store.feed.isShared() });

  /** Reads the next messages. No read is refused, because the number of streams is limited. */
  function read(identity: Identity, application: Application, filter: MessageFilter, after: Seq): Promise<EventPage> {
    const page = { limit: PAGE_MESSAGES, from: after, backwards: false, order: "ascending" } as const;
    const found = async () => {
      const bare = await store.history.messages.list(application.seq, filter, page, false);
      const { rows, more, resume } = await pages.withPayloads(bare, false, PAGE_BYTES);
      const texts = await pages.texts(rows, (message) =>
        eventText(ids.encode("msg_", message.seq), messageText(message, ids, true)),
      );
      return { bytes: Buffer.from(texts.join("")), cursor: resume ?? rows.at(-1)?.seq ?? after, more };
    };
    return pages.inTurn(identity, found, true);
  }

  return [
    operation({
      id: "message.events",
      method: "GET",
      path: "/api/v1/app/:app_id/events",
      tag: "Message",
      summary: "Stream messages",
      description:
        "Server-sent events: one event `message` per message, in the order of acceptance. `id` is the id of the message, and `data` is the message in one line. After a lost connection, send the last id as `Last-Event-ID` (as browsers do) to continue after it; it takes precedence over `after`. Every 15 seconds without a message there is a comment. A client that does not read for a minute is disconnected. The stream ends with the event `end` when the token ends. See /docs/guide/streams.",
      access: "application",
      lasting: true,
      query: Type.Object({
        after: Type.Optional(
          Type.String({ description: "Id of the message after which the stream begins. By default it begins now." }),
        ),
        event_types: messageFilterQuery.event_types,
        channel: messageFilterQuery.channel,
      }),
      responses: {
        200: {
          description: "The data of an event `message` is a message.",
          contentType: "text/event-stream",
          schema: Type.String(),
          example: eventText(messageExample.id, JSON.stringify(messageExample)),
        },
      },
      problems: [404, 429],
      async handle({ request, identity, params, query: { after, ...sent }, admission }) {
        const application = await lookup.application(identity, params.app_id);
        const last = request.headers.get("last-event-id");
        const isResumed = last !== null && last !== "";
        const cursor = isResumed ? seqOf(last, ["header", "last-event-id"]) : seqOf(after, ["query", "after"]);
        const filter = messageFilter(sent);
        const stream = streams.open({
          ...{ applicationSeq: application.seq, filter, admission, client: request.signal },
          after: cursor ?? seqs.last,
          lease: context.streams.lease(callerOf(identity)),
          read: (from) => read(identity, application, filter, from),
        });
        return new Response(stream, { headers: HEADERS });
      },
    }),
  ];

  function seqOf(id: string | undefined, loc: readonly string[]): Seq | null {
    return id === undefined ? null : messageSeqOf(ids, id, loc);
  }
}

/** Returns an event. Line breaks in JSON are only between tokens, so spaces can replace them. */
function eventText(id: string, json: string): string {
  return `id: ${id}\nevent: message\ndata: ${json.replace(/[\r\n]/g, " ")}\n\n`;
}
