import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../core/id.ts";
import { notFound } from "../../core/problem.ts";
import { censoredToken } from "../../core/token.ts";
import type { Token } from "../../store/index.ts";
import type { Context } from "../context.ts";
import * as field from "../fields.ts";
import type { Identity } from "../identity.ts";
import { makeToken } from "../make-token.ts";
import { type Operation, operation } from "../operation.ts";
import { listed, orderQuery, pageQuery, pageRequest } from "../paging.ts";
import { noContent, reply } from "../reply.ts";
import { nullable } from "../schema.ts";
import { formatInstant } from "../time.ts";

const EXPIRE_SECONDS_MAX = 3 * 24 * 60 * 60;
const VALID_SECONDS_MAX = 100 * 365 * 24 * 60 * 60;

const name = field.text("What it is for.");
/** Rights that are asked for and not enforced would be worse than none. */
const scopes = Type.Optional(
  Type.Null({ description: "Not supported: a token is for the whole environment. `token create --app` makes others." }),
);

const ApiTokenIn = field.object("ApiTokenIn", {
  name,
  scopes,
  expiry: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 1,
        maximum: VALID_SECONDS_MAX,
        description: "Valid for so many seconds; null: for ever.",
      }),
    ),
  ),
});
const ApiTokenUpdate = field.object("ApiTokenUpdate", { name });
const ApiTokenPatch = field.object("ApiTokenPatch", { name: Type.Optional(nullable(name)), scopes });
const ApiTokenExpireIn = field.object("ApiTokenExpireIn", {
  expiry: Type.Optional(
    nullable(
      Type.Integer({ minimum: 0, maximum: EXPIRE_SECONDS_MAX, default: 0, description: "How soon, in seconds." }),
    ),
  ),
});

const told = {
  id: field.idOut("tok_"),
  name: nullable(Type.String()),
  appId: nullable(Type.String({ description: "The application that it is for; null: the whole environment." })),
  scopes: nullable(Type.Array(Type.String(), { description: "What it may do; null: everything it can be for." })),
  sessionId: nullable(Type.String()),
  createdAt: field.instantOut,
  expiresAt: nullable(field.instantOut),
  revokedAt: nullable(field.instantOut),
};
const ApiTokenOut = field.object("ApiTokenOut", { token: Type.String(), ...told });
const ApiTokenCensoredOut = field.object("ApiTokenCensoredOut", { censoredToken: Type.String(), ...told });

const example = {
  id: "tok_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  name: "billing service",
  appId: null,
  scopes: null,
  sessionId: null,
  createdAt: "2026-01-01T00:00:00.000Z",
  expiresAt: null,
  revokedAt: null,
};
const censoredExample = { censoredToken: "bhk_***tKPN", ...example };
const createdExample = { token: "bhk_kV3ts5tKPNJN4Dl25cMTfUNdmabxbX0OkV3ts5tKPNJ", ...example };

/** In the path of the environment, as the management API of Svix has them. */
export function apiTokenRoutes(context: Context): Operation[] {
  const { store, ids, lookup, clock, facts } = context;
  const tag = "Authentication";
  const path = "/api/v1/management/authentication/:env_id/api-token";
  const one = `${path}/:key_id` as const;
  const shared = { tag, access: "environment", environmentIn: "env_id" } as const;
  const found = { 200: { description: "The token.", schema: ApiTokenCensoredOut, example: censoredExample } };

  async function get(identity: Identity, id: string): Promise<Token> {
    const seq = ids.decode("tok_", id);
    const token = seq === null ? null : await store.tokens.get(identity.environmentSeq, seq);
    if (token === null) throw notFound("Token not found");
    return token;
  }

  async function rename(token: Token, to: string) {
    await store.tokens.rename(token.seq, to);
    return reply(200, censoredOut({ ...token, name: to }, ids));
  }

  return [
    operation({
      ...shared,
      id: "v1.management.authentication.list-api-tokens",
      method: "GET",
      path,
      summary: "List tokens",
      description: "Those for the whole environment, or those of one application. The root token is not among them.",
      query: Type.Object({
        ...pageQuery,
        ...orderQuery("descending"),
        app_id: Type.Optional(Type.String({ description: "Those of this application: its id or uid." })),
        include_ended: Type.Optional(
          Type.Boolean({ default: false, description: "Also those that have expired or were revoked." }),
        ),
      }),
      answers: {
        200: {
          description: "A page of tokens.",
          schema: field.listOf("ApiTokenCensoredOut", ApiTokenCensoredOut),
          example: { data: [censoredExample], iterator: example.id, prevIterator: `-${example.id}`, done: true },
        },
      },
      problems: [404],
      async handle({ identity, query }) {
        const application = query.app_id === undefined ? null : await lookup.application(identity, query.app_id);
        const filter = {
          environmentSeq: identity.environmentSeq,
          applicationSeq: application?.seq ?? null,
          validAt: query.include_ended ? null : clock.now(),
        };
        const page = await store.tokens.page(filter, pageRequest(query, ids, "tok_", query.order ?? "descending"));
        const idOf = ({ seq }: Token) => ids.encode("tok_", seq);
        return reply(
          200,
          listed(page, idOf, (token) => censoredOut(token, ids)),
        );
      },
    }),

    operation({
      ...shared,
      id: "v1.management.authentication.create-api-token",
      method: "POST",
      path,
      summary: "Make a token for the environment",
      body: ApiTokenIn,
      bodyExample: { name: example.name },
      answers: {
        200: { description: "The token; it cannot be shown again.", schema: ApiTokenOut, example: createdExample },
      },
      problems: [],
      async handle({ identity, body }) {
        const { token, text } = await makeToken(context, {
          name: body.name,
          environmentSeq: identity.environmentSeq,
          applicationSeq: null,
          capabilities: null,
          featureFlags: [],
          sessionId: null,
          validMs: body.expiry == null ? null : body.expiry * 1000,
        });
        return reply(200, { token: text, ...toldOf(token, ids) });
      },
    }),

    operation({
      ...shared,
      id: "v1.management.authentication.get-api-token",
      method: "GET",
      path: one,
      summary: "Get a token, without its text",
      answers: found,
      problems: [404],
      async handle({ identity, params }) {
        return reply(200, censoredOut(await get(identity, params.key_id), ids));
      },
    }),

    operation({
      ...shared,
      id: "v1.management.authentication.update-api-token",
      method: "PUT",
      path: one,
      summary: "Rename a token",
      body: ApiTokenUpdate,
      bodyExample: { name: example.name },
      answers: found,
      problems: [404],
      async handle({ identity, params, body }) {
        return rename(await get(identity, params.key_id), body.name);
      },
    }),

    operation({
      ...shared,
      id: "v1.management.authentication.patch-api-token",
      method: "PATCH",
      path: one,
      summary: "Change a token",
      body: ApiTokenPatch,
      bodyExample: { name: example.name },
      answers: found,
      problems: [404],
      async handle({ identity, params, body }) {
        const token = await get(identity, params.key_id);
        return rename(token, body.name === undefined ? token.name : (body.name ?? ""));
      },
    }),

    operation({
      ...shared,
      id: "v1.management.authentication.expire-api-token",
      method: "POST",
      path: `${one}/expire`,
      summary: "End a token",
      body: ApiTokenExpireIn,
      bodyOptional: true,
      bodyExample: { expiry: 60 },
      answers: { 204: { description: "It ends." } },
      problems: [404],
      async handle({ identity, params, body }) {
        const { seq } = await get(identity, params.key_id);
        await store.tokens.end(seq, clock.now() + (body.expiry ?? 0) * 1000);
        facts.state({ type: "tokens.ended", environmentSeq: identity.environmentSeq });
        return noContent;
      },
    }),
  ];
}

function toldOf(token: Token, ids: IdCodec) {
  return {
    id: ids.encode("tok_", token.seq),
    name: token.name,
    appId: token.applicationSeq === null ? null : ids.encode("app_", token.applicationSeq),
    scopes: token.capabilities,
    sessionId: token.sessionId,
    createdAt: formatInstant(token.createdAt),
    expiresAt: token.expiresAt === null ? null : formatInstant(token.expiresAt),
    revokedAt: token.revokedAt === null ? null : formatInstant(token.revokedAt),
  };
}

function censoredOut(token: Token, ids: IdCodec) {
  return { censoredToken: censoredToken(token.hint), ...toldOf(token, ids) };
}
