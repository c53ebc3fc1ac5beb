import { type Static, Type } from "@sinclair/typebox";
import { payloadVersions } from "../../../commands/payload-versions.ts";
import { endSession } from "../../../commands/sessions.ts";
import { expireApplicationTokens, revokeJwt, revokeToken } from "../../../commands/tokens.ts";
import { formatInstantOrNull } from "../../../core/instant.ts";
import type { Context } from "../../http/context.ts";
import { insufficientAccess } from "../../http/errors.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import type { Identity } from "../../identity/identity.ts";
import { acceptedUntil } from "../../identity/jwt-identity.ts";
import { PayloadVersionSummaryOut, payloadVersionSummaryOut } from "../payload-version/fields.ts";
import { sessionId } from "./portal-access.ts";

const EXPIRE_SECONDS_MAX = 3 * 24 * 60 * 60;
const SESSIONS_MAX = 1000;

/** The Svix API's names for the sources of a caller's permissions. */
const permissionSources = {
  none: "Unknown",
  root: "GlobalAuthToken",
  token: "RegionalAuthToken",
  jwt: "SvixJwt",
  user: "GlobalAuthToken",
} as const;

export const WhoamiOut = field.object("WhoamiOut", {
  envId: field.idOut("org_"),
  appId: nullable(
    Type.String({ description: "The application that the token is limited to, or null for the whole environment." }),
  ),
  appUid: nullable(Type.String()),
  appName: nullable(Type.String()),
  permissionSource: Type.String({ enum: Object.values(permissionSources) }),
  sessionId: nullable(Type.String()),
  expiresAt: nullable(field.instantOut),
  payloadVersions: nullable(
    Type.Array(PayloadVersionSummaryOut, {
      description:
        "The payload versions to which the endpoints of the application can be pinned, newest first. Null if the token is not limited to an application or may not read endpoints.",
    }),
  ),
  readOnly: Type.Boolean({ description: "Whether the token may only read and make dry runs." }),
  operations: Type.Array(Type.String(), {
    description:
      "The ids of the operations that the token allows. A request can still be refused because of its path or body.",
  }),
});

const whoamiExample = {
  envId: "org_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  appId: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  appUid: "acme",
  appName: "Acme",
  permissionSource: "RegionalAuthToken",
  sessionId: "user_1FB8",
  expiresAt: "2026-01-08T00:00:00.000Z",
  payloadVersions: [
    { version: "2026-11-01", description: "Amounts have a currency", deprecatedAt: null, sunsetAt: null },
  ],
  readOnly: false,
  operations: ["v1.endpoint.list", "v1.endpoint.get"],
};

const ApplicationTokenExpireIn = field.object("ApplicationTokenExpireIn", {
  expiry: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 0,
        maximum: EXPIRE_SECONDS_MAX,
        default: 0,
        description: "Time until the tokens expire, in seconds.",
      }),
    ),
  ),
  sessionIds: Type.Optional(
    nullable(
      Type.Array(sessionId, {
        maxItems: SESSIONS_MAX,
        description:
          "Expire only tokens of these sessions. If it is null, empty or absent, all tokens of the application expire.",
      }),
    ),
  ),
});

export function tokenSessionRoutes(context: Context): Operation[] {
  const { lookup } = context;
  const tag = "Authentication";
  return [
    operation({
      id: "v1.authentication.whoami",
      method: "GET",
      path: "/api/v1/auth/whoami",
      tag,
      summary: "Describe the token of the request",
      description: "Available to every token, whatever its capabilities and scopes.",
      access: "application",
      scopes: [],
      responses: { 200: { description: "The token's owner and rights.", schema: WhoamiOut, example: whoamiExample } },
      problems: [],
      handle: async ({ identity }) => reply(200, await whoami(context, identity)),
    }),

    operation({
      id: "v1.authentication.logout",
      method: "POST",
      path: "/api/v1/auth/logout",
      tag,
      summary: "Revoke the token of the request",
      description:
        "Takes effect immediately and cannot be undone. The root token cannot be revoked. If the request has the cookie of a session, the session ends and its token stays valid.",
      access: "application",
      capability: "ViewBase",
      scopes: [],
      responses: { 204: { description: "The token was revoked." } },
      problems: [],
      async handle({ identity }) {
        await revokeCredential(context, identity);
        return noContent;
      },
    }),

    operation({
      id: "v1.authentication.expire-all",
      method: "POST",
      path: "/api/v1/auth/app/:app_id/expire-all",
      tag,
      summary: "Expire the tokens of an application",
      access: "environment",
      strict: true,
      body: ApplicationTokenExpireIn,
      bodyOptional: true,
      bodyExample: { expiry: 60 },
      responses: { 204: { description: "The tokens expire." } },
      problems: [404],
      async handle({ identity, params, body }) {
        const application = await lookup.application(identity, params.app_id);
        const inMs = (body.expiry ?? 0) * 1000;
        await expireApplicationTokens(context, application, { inMs, sessionIds: body.sessionIds ?? [] });
        return noContent;
      },
    }),
  ];
}

async function whoami(context: Context, identity: Identity): Promise<Static<typeof WhoamiOut>> {
  const { store, ids, operationsFor } = context;
  const { credential, environmentSeq, applicationSeq } = identity;
  const operations = operationsFor(identity);
  const choosesVersions = applicationSeq !== null && operations.includes("v1.endpoint.get");
  const application = applicationSeq === null ? null : await store.configuration.applications.get(applicationSeq);
  const token =
    credential.kind === "token" ? await store.configuration.tokens.get(environmentSeq, credential.seq) : null;
  const expiresAt = credential.kind === "jwt" ? credential.expiresAt : (token?.expiresAt ?? null);
  return {
    envId: ids.encode("org_", environmentSeq),
    appId: application === null ? null : ids.encode("app_", application.seq),
    appUid: application?.uid ?? null,
    appName: application?.name ?? null,
    permissionSource: permissionSources[credential.kind],
    sessionId: token?.sessionId ?? null,
    expiresAt: formatInstantOrNull(expiresAt),
    payloadVersions: choosesVersions
      ? (await payloadVersions(context, environmentSeq)).map(payloadVersionSummaryOut)
      : null,
    readOnly: identity.readOnly,
    operations: [...operations],
  };
}

async function revokeCredential(context: Context, identity: Identity) {
  const { credential, environmentSeq, applicationSeq, session } = identity;
  if (session !== undefined) return endSession(context, session.seq);
  if (credential.kind === "token") return revokeToken(context, { seq: credential.seq, environmentSeq });
  if (credential.kind !== "jwt") throw insufficientAccess("The root token cannot be revoked.");
  const { subject, sha256, expiresAt } = credential;
  return revokeJwt(context, { subject, sha256, expiresAt: acceptedUntil(expiresAt), environmentSeq, applicationSeq });
}
