import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import { type Finding, Invalid, invalid, notFound } from "../../../core/problem.ts";
import { scopeProblem } from "../../../core/scope.ts";
import { censoredToken, tokenLimits } from "../../../core/token.ts";
import type { Token } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listed, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { noContent, reply } from "../../http/reply.ts";
import { FINDINGS_MAX, nullable } from "../../http/schema.ts";
import { checkReach } from "../../identity/access.ts";
import type { Identity } from "../../identity/identity.ts";
import { makeToken } from "../../identity/make-token.ts";

const EXPIRE_SECONDS_MAX = 3 * 24 * 60 * 60;
const VALID_SECONDS_MAX = 100 * 365 * 24 * 60 * 60;
const SCOPES_MAX = 100;

const name = field.text("What it is for.");
const scopes = Type.Optional(
  nullable(
    Type.Array(Type.String(), {
      minItems: 1,
      maxItems: SCOPES_MAX,
      description:
        "What the token may do at most; null: no such limits. Each is `<resource>:<Action>`: the resource as the ids of operations have it, without regard to case and hyphens; the action `Read` (where secrets can be read, these as well) or `Write` (which does not include `Read`); `*` stands for any. Each operation says at its 403 what it needs. A token with scopes makes, changes and ends only tokens whose scopes are all covered by its own; `expire-all` ends all tokens of an application, whatever they may do.",
    }),
  ),
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
  scopes: nullable(
    Type.Array(Type.String(), {
      description: "What it may do: scopes, and the capabilities of an application's token; null: everything.",
    }),
  ),
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
  scopes: ["application:Read", "message:*"],
  sessionId: null,
  createdAt: "2026-01-01T00:00:00.000Z",
  expiresAt: null,
  revokedAt: null,
};
const censoredExample = { censoredToken: "bhk_***tKPN", ...example };
const createdExample = { token: "bhk_kV3ts5tKPNJN4Dl25cMTfUNdmabxbX0OkV3ts5tKPNJ", ...example };

/** In the path of the environment, as the management API of Svix has them. */
export function apiTokenRoutes(context: Context): Operation[] {
  const { store, ids, lookup, clock, signals } = context;
  const tag = "Authentication";
  const path = "/api/v1/management/authentication/:env_id/api-token";
  const one = `${path}/:key_id` as const;
  const shared = { tag, access: "environment", environmentIn: "env_id" } as const;
  const found = { 200: { description: "The token.", schema: ApiTokenCensoredOut, example: censoredExample } };

  async function get(identity: Identity, id: string): Promise<Token> {
    const seq = ids.decode("tok_", id);
    const token = seq === null ? null : await store.configuration.tokens.get(identity.environmentSeq, seq);
    if (token === null) throw notFound("Token not found");
    return token;
  }

  /** For what is to be changed or ended: 403 when it may do more than the caller. */
  async function getWithin(identity: Identity, id: string): Promise<Token> {
    const token = await get(identity, id);
    checkReach(identity, token.scopes, "A token with scopes changes only tokens with scopes.");
    return token;
  }

  /** 422 when they are no scopes, 403 when they open more than the caller has. */
  function checkScopesSent(identity: Identity, sent: readonly string[] | null): void {
    const findings = (sent ?? []).flatMap((text, i) => scopeFinding(text, i, context.scopeResources()));
    if (findings.length > 0) throw new Invalid(...findings.slice(0, FINDINGS_MAX));
    checkReach(identity, sent, "A token with scopes can only give scopes that it has itself.");
  }

  /** Of what is not given nothing changes. Scopes hold from the next request on. */
  async function change(token: Token, given: Partial<Pick<Token, "name" | "scopes">>) {
    await store.configuration.tokens.change(token.seq, given);
    if (given.scopes !== undefined) signals.send({ type: "tokens.changed", environmentSeq: token.environmentSeq });
    return reply(200, censoredOut({ ...token, ...given }, ids));
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
        const page = await store.configuration.tokens.page(
          filter,
          pageRequest(query, ids, "tok_", query.order ?? "descending"),
        );
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
      description: "It may do everything that can be done in the environment, or, with `scopes`, what these say.",
      body: ApiTokenIn,
      bodyExample: { name: example.name, scopes: example.scopes },
      answers: {
        200: { description: "The token; it cannot be shown again.", schema: ApiTokenOut, example: createdExample },
      },
      problems: [],
      async handle({ identity, body }) {
        const scopes = body.scopes ?? null;
        checkScopesSent(identity, scopes);
        const { token, text } = await makeToken(context, {
          name: body.name,
          environmentSeq: identity.environmentSeq,
          applicationSeq: null,
          capabilities: null,
          scopes,
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
        return change(await getWithin(identity, params.key_id), { name: body.name });
      },
    }),

    operation({
      ...shared,
      id: "v1.management.authentication.patch-api-token",
      method: "PATCH",
      path: one,
      summary: "Change a token",
      description:
        "`scopes: null` takes the limits off; without `scopes` they stay. A change holds from the next request on.",
      body: ApiTokenPatch,
      bodyExample: { name: example.name, scopes: example.scopes },
      answers: found,
      problems: [404],
      async handle({ identity, params, body }) {
        const token = await getWithin(identity, params.key_id);
        const { name, scopes } = body;
        if (scopes !== undefined) {
          checkScopesCanChange(token);
          checkScopesSent(identity, scopes);
        }
        return change(token, {
          ...(name !== undefined && { name: name ?? "" }),
          ...(scopes !== undefined && { scopes }),
        });
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
        const { seq } = await getWithin(identity, params.key_id);
        await store.configuration.tokens.end(seq, clock.now() + (body.expiry ?? 0) * 1000);
        signals.send({ type: "tokens.changed", environmentSeq: identity.environmentSeq });
        return noContent;
      },
    }),
  ];
}

function checkScopesCanChange({ applicationSeq }: Token): void {
  if (applicationSeq === null) return;
  throw invalid(["body", "scopes"], "What the token of an application may do stays as it is.");
}

function scopeFinding(text: string, i: number, resources: readonly string[]): Finding[] {
  const msg = scopeProblem(text, resources);
  return msg === null ? [] : [{ loc: ["body", "scopes", `[${i}]`], msg, type: "value_error" }];
}

function toldOf(token: Token, ids: IdCodec) {
  return {
    id: ids.encode("tok_", token.seq),
    name: token.name,
    appId: token.applicationSeq === null ? null : ids.encode("app_", token.applicationSeq),
    scopes: tokenLimits(token),
    sessionId: token.sessionId,
    createdAt: formatInstant(token.createdAt),
    expiresAt: token.expiresAt === null ? null : formatInstant(token.expiresAt),
    revokedAt: token.revokedAt === null ? null : formatInstant(token.revokedAt),
  };
}

function censoredOut(token: Token, ids: IdCodec) {
  return { censoredToken: censoredToken(token.hint), ...toldOf(token, ids) };
}
