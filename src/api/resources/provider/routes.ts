import { Type } from "@sinclair/typebox";
import { notFound } from "../../../core/problem.ts";
import { configFieldsOf } from "../../../receive/config.ts";
import { handshakes } from "../../../receive/handshakes/index.ts";
import type { Provider } from "../../../receive/provider.ts";
import { findProvider, providers } from "../../../receive/providers/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { nullable, wordOut } from "../../http/schema.ts";

export const ProviderOut = field.object("ProviderOut", {
  id: Type.String({ description: "The `type` of a source." }),
  name: Type.String(),
  aliases: Type.Array(Type.String(), { description: "Other values of `type` that mean the same." }),
  category: Type.String(),
  kind: Type.String({ description: "How the provider proves its requests, such as `hmac-body` or `static-token`." }),
  state: wordOut(["verified", "authenticated", "unattempted"], {
    description:
      "What the check proves. `verified`: a signature covers the body. `authenticated`: a secret that does not cover the body. `unattempted`: nothing is checked.",
  }),
  confidence: wordOut(["sdk", "docs", "memory+", "registry", "memory"], {
    description:
      "How well the rules are confirmed. `sdk`: checked against the provider's own package. `docs`: taken from the provider's documentation. `memory+`: confirmed by another implementation. `registry`: taken from another registry only. `memory`: not confirmed.",
  }),
  config: Type.Array(
    field.object("ProviderConfigField", {
      name: Type.String(),
      required: Type.Boolean(),
      secret: Type.Boolean({ description: "Whether responses show `[set]` instead of the value." }),
      label: Type.String({ description: "What the provider calls the value." }),
    }),
    { description: "The fields of `config`." },
  ),
  headers: Type.Array(Type.String(), { description: "The headers that the check reads." }),
  methods: nullable(Type.Array(Type.String(), { description: "The methods of requests; null means any." })),
  eventType: nullable(Type.String({ description: "Where the event type is found in a request." })),
  deliveryId: nullable(
    Type.String({ description: "Where the delivery id is found in a request. Duplicates have the same id." }),
  ),
  handshake: Type.Array(Type.String(), {
    description: "The handshakes that are answered: what the provider sends, and the response.",
  }),
  source: Type.String({ description: "Where the rules were read." }),
});

const iterator = nullable(Type.String());
const ProvidersOut = Type.Object(
  { data: Type.Array(ProviderOut), iterator, prevIterator: iterator, done: Type.Boolean() },
  { title: "ListResponse_ProviderOut_" },
);

const query = Type.Object({
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, description: "Maximum number of items. The default is all." }),
  ),
  iterator: Type.Optional(
    Type.String({ description: "The `iterator` or `prevIterator` of the page to continue from." }),
  ),
});

const sorted = [...providers].sort((a, b) => (a.id < b.id ? -1 : 1));

export function providerRoutes(_: Context): Operation[] {
  const tag = "Source";
  const example = () => providerOut(findProvider("stripe")!);
  return [
    operation({
      id: "provider.list",
      method: "GET",
      path: "/api/v1/provider",
      tag,
      summary: "List providers",
      description:
        "The types of sources, in order of their ids, with what their `config` needs and how they are checked.",
      access: "application",
      query,
      responses: {
        200: {
          description: "All providers on one page, unless `limit` is given.",
          schema: ProvidersOut,
          example: { data: [example()], iterator: "stripe", prevIterator: "-stripe", done: true },
        },
      },
      problems: [],
      handle({ query: { limit = sorted.length, iterator: from = "" } }) {
        return reply(200, pageOf(limit, from));
      },
    }),

    operation({
      id: "provider.get",
      method: "GET",
      path: "/api/v1/provider/:provider_id",
      tag,
      summary: "Get a provider",
      description: "Finds a provider by its id or an alias.",
      access: "application",
      responses: { 200: { description: "The provider.", schema: ProviderOut, example: example() } },
      problems: [404],
      handle({ params }) {
        const provider = findProvider(params.provider_id);
        if (provider === null) throw notFound("Provider not found");
        return reply(200, providerOut(provider));
      },
    }),
  ];
}

/** Returns the page after the id `from`, or the page before it if it starts with `-`. */
function pageOf(limit: number, from: string) {
  const isBackwards = from.startsWith("-");
  const id = isBackwards ? from.slice(1) : from;
  const all = isBackwards ? sorted.filter((row) => row.id < id) : sorted.filter((row) => row.id > id);
  const rows = isBackwards ? all.slice(-limit) : all.slice(0, limit);
  return {
    data: rows.map(providerOut),
    iterator: rows.at(-1)?.id ?? null,
    prevIterator: rows.length === 0 ? null : `-${rows[0]!.id}`,
    done: rows.length === all.length,
  };
}

function providerOut(provider: Provider) {
  const { id, name, aliases, category, kind, state, confidence, headers, methods, source } = provider;
  const config = configFieldsOf(provider).map(({ name, isRequired, isSecret, label }) => ({
    ...{ name, required: isRequired, secret: isSecret, label },
  }));
  const { eventType, deliveryId, handshake } = provider;
  return {
    ...{ id, name, aliases, category, kind, state, confidence, config, headers, methods },
    ...{ eventType, deliveryId, source },
    handshake: handshake.map((name) => handshakes[name].description),
  };
}
