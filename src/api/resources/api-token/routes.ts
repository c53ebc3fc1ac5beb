import { Type } from "@sinclair/typebox";
import { changeToken, createToken, expireToken } from "../../../commands/tokens.ts";
import type { Seq } from "../../../core/id.ts";
import { type Finding, Invalid, notFound } from "../../../core/problem.ts";
import { scopeProblem } from "../../../core/scope.ts";
import type { Token } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { found, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
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
  tokenQuery,
} from "./fields.ts";

/** Defines the operations. Their paths contain the environment, as in Svix's management API. */
export function apiTokenRoutes(context: Context): Operation[] {
  const { store, ids, lookup, clock } = context;
  const tag = "Authentication";
  const path = "/api/v1/management/authentication/:env_id/api-token";
  const one = `${path}/:key_id` as const;
  const shared = { tag, access: "environment", environmentIn: "env_id" } as const;
  const shown = { 200: { description: "The token.", schema: ApiTokenCensoredOut, example: censoredExample } };

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
        ...tokenQuery,
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
          state: query.state ?? (query.include_ended ? null : "active"),
          at: clock.now(),
          text: query.search ?? null,
        } as const;
        const request = pageRequest(query, ids, "tok_", query.order ?? "descending");
        const page = await store.configuration.tokens.page(filter, request);
        const idOf = ({ seq }: { readonly seq: Seq }) => ids.encode("tok_", seq);
        return reply(
          200,
          found(page, request, idOf, (token) => censoredOut(token, ids)),
        );
      },
    }),

    operation({
      ...shared,
      id: "v1.management.authentication.create-api-token",
      method: "POST",
      path,
      summary: "Create a token",
      description:
        "The token may do everything in the environment, or with `appId` in one application. With `scopes` it may do only what they allow, with `readOnly` it may only read.",
      body: ApiTokenIn,
      bodyExample: { name: tokenExample.name, scopes: tokenExample.scopes },
      responses: {
        200: { description: "The token. It cannot be shown again.", schema: ApiTokenOut, example: createdExample },
      },
      problems: [404],
      async handle({ identity, body }) {
        const scopes = body.scopes ?? null;
        checkScopesSent(identity, scopes);
        const application = body.appId == null ? null : await lookup.application(identity, body.appId);
        const { token, text } = await createToken(context, {
          name: body.name,
          environmentSeq: identity.environmentSeq,
          applicationSeq: application?.seq ?? null,
          scopes,
          readOnly: body.readOnly ?? false,
          validMs: body.expiry == null ? null : body.expiry * 1000,
        });
        const created = reply(200, createdOut(token, text, ids));
        if (application === null) return created;
        const appId = ids.encode("app_", application.seq);
        return { ...created, changed: { appId, tokenId: ids.encode("tok_", token.seq) } };
      },
    }),

    operation({
      ...shared,
      id: "v1.management.authentication.get-api-token",
      method: "GET",
      path: one,
      summary: "Get a token (without its value)",
      responses: shown,
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
      responses: shown,
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
      responses: shown,
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
      summary: "Expire or revoke a token",
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
