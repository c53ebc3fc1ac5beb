/** One search over everything in an environment that has an id or a name. */
import { Type } from "@sinclair/typebox";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { namesOf } from "../../http/names.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { wordOut } from "../../http/schema.ts";
import { type Hit, hitKinds } from "./hit.ts";
import { chosen, exactHits, HITS_MAX, partialHits } from "./hits.ts";

const QUERY_CHARS_MAX = 256;

export const SearchOut = field.object("SearchOut", {
  data: Type.Array(
    field.object("SearchHit", {
      kind: wordOut(hitKinds),
      id: Type.String({ description: "The id; for an event type its name." }),
      title: Type.String({
        description:
          "The name, the URL of an endpoint, the event type of a message, the kind of a task, the operation of an entry of the audit log, or the source and the cause of an entry of its log. Attempts and dead letters have the event type of their message.",
      }),
      appId: Type.Optional(
        Type.String({
          description:
            "The application of an endpoint, a message, an attempt, a dead letter or a token; not if it has none.",
        }),
      ),
      appName: Type.Optional(Type.String({ description: "The name of that application." })),
      msgId: Type.Optional(Type.String({ description: "The message of an attempt or a dead letter." })),
      sourceId: Type.Optional(Type.String({ description: "The source of an entry of its log." })),
    }),
    { description: `Exact matches first, at most ${HITS_MAX}.` },
  ),
});

const example = {
  data: [{ kind: "application", id: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr", title: "Customer 17" }],
};

export function searchRoutes(context: Context): Operation[] {
  return [
    operation({
      id: "search.get",
      method: "GET",
      path: "/api/v1/search",
      tag: "Overview",
      summary: "Search an environment",
      description:
        "Finds the id of an application, endpoint, message, attempt, dead letter, source, entry of a source's log, background task, token, session, environment, endpoint of operational webhooks or entry of the audit log; the uid of an application, endpoint or source; the `eventId` of a message; the name of an event type; and a part of the name of an application, source, event type or environment token, of the uid of an application or source, and of the URL, uid or description of an endpoint. Attempts, dead letters, tasks, tokens, sessions, environments, endpoints of operational webhooks and entries of the audit log are found only with the scopes to read them. The time of a search is limited, so it may miss parts of old names in a very large environment.",
      access: "environment",
      scopes: ["application:Read", "endpoint:Read", "message:Read", "ingest:Read", "event-type:Read"],
      query: Type.Object({
        q: Type.Optional(Type.String({ maxLength: QUERY_CHARS_MAX, description: "The text to search for." })),
      }),
      responses: { 200: { description: "The hits.", schema: SearchOut, example } },
      problems: [],
      async handle({ identity, query }) {
        const text = query.q?.trim() ?? "";
        if (text === "") return reply(200, { data: [] });
        const call = { ...context, identity, text };
        const hits = chosen(await exactHits(call), await partialHits(call));
        const { applications } = await namesOf(context.store, identity.environmentSeq, hits);
        const out = ({ applicationSeq, messageSeq, sourceSeq, ...hit }: Hit) => ({
          ...hit,
          ...(applicationSeq !== undefined && {
            appId: context.ids.encode("app_", applicationSeq),
            appName: applications.get(applicationSeq)?.name ?? "",
          }),
          ...(messageSeq !== undefined && { msgId: context.ids.encode("msg_", messageSeq) }),
          ...(sourceSeq !== undefined && { sourceId: context.ids.encode("src_", sourceSeq) }),
        });
        return reply(200, { data: hits.map(out) });
      },
    }),
  ];
}
