/** One search over everything in an environment that has an id or a name. */
import { Type } from "@sinclair/typebox";
import { maskPassword } from "../../../core/url-password.ts";
import type { PageRequest } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { wordOut } from "../../http/schema.ts";
import type { Identity } from "../../identity/identity.ts";

const HITS_MAX = 20;
const QUERY_CHARS_MAX = 256;

const kinds = ["application", "endpoint", "message", "source", "event-type"] as const;

interface Hit {
  readonly kind: (typeof kinds)[number];
  readonly id: string;
  readonly title: string;
  readonly appId?: string;
}

const SearchOut = field.object("SearchOut", {
  data: Type.Array(
    field.object("SearchHit", {
      kind: wordOut(kinds),
      id: Type.String({ description: "The id; for an event type its name." }),
      title: Type.String({ description: "The name, the URL of an endpoint, or the event type of a message." }),
      appId: Type.Optional(Type.String({ description: "The application of an endpoint or a message." })),
    }),
    { description: `Exact matches first, at most ${HITS_MAX}.` },
  ),
});

const example = {
  data: [{ kind: "application", id: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr", title: "Customer 17" }],
};

const page: PageRequest = { limit: HITS_MAX, from: null, backwards: false, order: "descending" };

export function searchRoutes(context: Context): Operation[] {
  return [
    operation({
      id: "search.get",
      method: "GET",
      path: "/api/v1/search",
      tag: "Overview",
      summary: "Search an environment",
      description:
        "Finds the id of an application, endpoint, message or source; the uid of a source; the `eventId` of a message; the name of an event type; and a part of the name or uid of an application or of the URL of an endpoint. The time of a search is limited, so it may miss old endpoints and applications in a very large environment.",
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
        const hits = [...(await exactHits(context, identity, text)), ...(await partialHits(context, identity, text))];
        const byId = new Map(hits.toReversed().map((hit) => [`${hit.kind} ${hit.id}`, hit]));
        return reply(200, { data: [...byId.values()].reverse().slice(0, HITS_MAX) });
      },
    }),
  ];
}

async function exactHits({ store, ids, lookup }: Context, identity: Identity, text: string): Promise<Hit[]> {
  const { configuration, history, survey } = store;
  const { environmentSeq } = identity;
  const hits: Hit[] = [];
  /** Returns the id of an application, or null if it is deleted, hidden or of another environment. */
  const appIdOf = async (seq: number): Promise<string | null> =>
    (await configuration.applications.find(environmentSeq, { seq })) === null ? null : ids.encode("app_", seq);
  const add = async (kind: "endpoint" | "message", id: string, title: string, applicationSeq: number) => {
    const appId = await appIdOf(applicationSeq);
    if (appId !== null) hits.push({ kind, id, title, appId });
  };

  const endpointSeq = ids.decode("ep_", text);
  const endpoint = endpointSeq === null ? null : await configuration.endpoints.get(endpointSeq);
  if (endpoint?.deleted === false) await add("endpoint", text, maskPassword(endpoint.url), endpoint.applicationSeq);
  const messageSeq = ids.decode("msg_", text);
  const message = messageSeq === null ? null : await history.messages.get(messageSeq);
  if (message !== null) await add("message", text, message.eventType, message.applicationSeq);
  const source = await configuration.sources.find(environmentSeq, lookup.key("src_", text));
  if (source !== null) hits.push({ kind: "source", id: ids.encode("src_", source.seq), title: source.name });
  const eventType = await configuration.eventTypes.get(environmentSeq, text);
  if (eventType !== null) hits.push({ kind: "event-type", id: eventType.name, title: eventType.name });
  const sent = await survey.messages(environmentSeq, { eventId: text }, page);
  for (const { seq, eventType: title, applicationSeq } of sent.rows) {
    hits.push({ kind: "message", id: ids.encode("msg_", seq), title, appId: ids.encode("app_", applicationSeq) });
  }
  return hits;
}

async function partialHits({ store, ids }: Context, { environmentSeq }: Identity, text: string): Promise<Hit[]> {
  const search = { text, seq: ids.decode("app_", text) };
  const applications = await store.configuration.applications.list(environmentSeq, page, null, search);
  const endpoints = await store.survey.endpoints(environmentSeq, { url: text }, page);
  return [
    ...applications.rows.map(
      ({ seq, name }): Hit => ({
        ...{ kind: "application", id: ids.encode("app_", seq), title: name },
      }),
    ),
    ...endpoints.rows.map(
      ({ seq, url, applicationSeq }): Hit => ({
        ...{ kind: "endpoint", id: ids.encode("ep_", seq), title: url, appId: ids.encode("app_", applicationSeq) },
      }),
    ),
  ];
}
