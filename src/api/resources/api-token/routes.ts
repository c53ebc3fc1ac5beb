import { Type } from "@sinclair/typebox";
import { changeToken, createToken, expireToken } from "../../../commands/tokens.ts";
import { type Finding, Invalid, notFound } from "../../../core/problem.ts";
import { scopeProblem } from "../../../core/scope.ts";
import type { Token } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listed, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { noContent, reply } from "../../http/reply.ts";
import { FINDINGS_MAX } from "../../http/schema.ts";
import { checkReach } from "../../identity/access.ts";
import type { Identity } from "../../identity/identity.ts";
import {
  ApiTokenCensoredOut,
  ApiTokenExpireIn,
  ApiTokenIn,
  ApiTokenOut,
  ApiTokenPatch,
  ApiTokenUpdate,
  censoredExample,
  censoredOut,
  createdExample,
  createdOut,
  tokenExample,
} from "./fields.ts";

/** Defines the operations. Their paths contain the environment, as in Svix's management API. */
export function apiTokenRoutes(context: Context): Operation[] {
  const { store, ids, lookup, clock } = context;
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

  /**
   * Finds a token that the caller may change or expire. Throws 403 if the token's scopes exceed the
   * caller's.
   */
  async function getWithin(identity: Identity, id: string): Promise<Token> {
    const token = await get(identity, id);
    checkReach(identity, token.scopes, "A token with scopes can only change or expire tokens with scopes.");
    return token;
  }

  /** Throws 422 if these scopes are invalid, and 403 if they exceed the caller's. */
  function checkScopesSent(identity: Identity, sent: readonly string[] | null): void {
    const findings = (sent ?? []).flatMap((text, i) => scopeFinding(text, i, context.scopeResources()));
    if (findings.length > 0) throw new Invalid(...findings.slice(0, FINDINGS_MAX));
    checkReach(identity, sent, "A token with scopes can only grant scopes that it has itself.");
  }

  return [
    operation({
      ...shared,
      id: "v1.management.authentication.list-api-tokens",
      method: "GET",
      path,
      summary: "List tokens",
      description: "Lists the tokens for the whole environment, or those of one application, but never the root token.",
      query: Type.Object({
        ...pageQuery,
        ...orderQuery("descending"),
        app_id: Type.Optional(Type.String({ description: "List the tokens of this application, given by id or uid." })),
        include_ended: Type.Optional(
          Type.Boolean({ default: false, description: "Include tokens that are expired or revoked." }),
        ),
      }),
      responses: {
        200: {
          description: "A page of tokens.",
          schema: field.listOf("ApiTokenCensoredOut", ApiTokenCensoredOut),
          example: {
            data: [censoredExample],
            iterator: tokenExample.id,
            prevIterator: `-${tokenExample.id}`,
            done: true,
          },
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
      summary: "Create a token for the environment",
      description:
        "The token may do everything in the environment. With `scopes` it may do only what they allow, with `readOnly` it may only read.",
      body: ApiTokenIn,
      bodyExample: { name: tokenExample.name, scopes: tokenExample.scopes },
      responses: {
        200: { description: "The token. It cannot be shown again.", schema: ApiTokenOut, example: createdExample },
      },
      problems: [],
      async handle({ identity, body }) {
        const scopes = body.scopes ?? null;
        checkScopesSent(identity, scopes);
        const { token, text } = await createToken(context, {
          name: body.name,
          environmentSeq: identity.environmentSeq,
          scopes,
          readOnly: body.readOnly ?? false,
          validMs: body.expiry == null ? null : body.expiry * 1000,
        });
        return reply(200, createdOut(token, text, ids));
      },
    }),

    operation({
      ...shared,
      id: "v1.management.authentication.get-api-token",
      method: "GET",
      path: one,
      summary: "Get a token (without its value)",
      responses: found,
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
      bodyExample: { name: tokenExample.name },
      responses: found,
      problems: [404],
      async handle({ identity, params, body }) {
        const token = await getWithin(identity, params.key_id);
        return reply(200, censoredOut(await changeToken(context, token, { name: body.name }), ids));
      },
    }),

    operation({
      ...shared,
      id: "v1.management.authentication.patch-api-token",
      method: "PATCH",
      path: one,
      summary: "Change a token",
      description:
        "`scopes: null` removes the limits; without `scopes` they are unchanged. A change applies from the next request on.",
      body: ApiTokenPatch,
      bodyExample: { name: tokenExample.name, scopes: tokenExample.scopes },
      responses: found,
      problems: [404],
      async handle({ identity, params, body }) {
        const token = await getWithin(identity, params.key_id);
        const { name, scopes } = body;
        if (scopes !== undefined) checkScopesSent(identity, scopes);
        const after = await changeToken(context, token, {
          ...(name !== undefined && { name: name ?? "" }),
          ...(scopes !== undefined && { scopes }),
        });
        return reply(200, censoredOut(after, ids));
      },
    }),

    operation({
      ...shared,
      id: "v1.management.authentication.expire-api-token",
      method: "POST",
      path: `${one}/expire`,
      summary: "Expire a token",
      body: ApiTokenExpireIn,
      bodyOptional: true,
      bodyExample: { expiry: 60 },
      responses: { 204: { description: "The token expires." } },
      problems: [404],
      async handle({ identity, params, body }) {
        await expireToken(context, await getWithin(identity, params.key_id), (body.expiry ?? 0) * 1000);
        return noContent;
      },
    }),
  ];
}

function scopeFinding(text: string, i: number, resources: readonly string[]): Finding[] {
  const msg = scopeProblem(text, resources);
  return msg === null ? [] : [{ loc: ["body", "scopes", `[${i}]`], msg, type: "value_error" }];
}
