import { type Static, Type } from "@sinclair/typebox";
import { capabilities, readOnly } from "../../../core/capability.ts";
import { formatInstantOrNull } from "../../../core/instant.ts";
import { notFound, Problem } from "../../../core/problem.ts";
import type { Application } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, type Reply, reply } from "../../http/reply.ts";
import { choice, distinct, nullable, ruled } from "../../http/schema.ts";
import { scopeTexts } from "../../identity/access.ts";
import type { Identity } from "../../identity/identity.ts";
import { makeToken } from "../../identity/make-token.ts";
import { ApplicationIn } from "../application/fields.ts";
import { createOnDemand } from "../application/on-demand.ts";

const HOUR_SECONDS = 60 * 60;
const PORTAL_SECONDS_MAX = 7 * 24 * HOUR_SECONDS;
const EXPIRE_SECONDS_MAX = 3 * 24 * HOUR_SECONDS;
const FLAGS_MAX = 25;
/** More than there are, so that what is wrong with a longer list is told in words. */
const CAPABILITIES_SENT_MAX = 100;
const SESSIONS_MAX = 1000;
/** What the pages of the Svix API know as the place of a server that is nobody's cloud. */
const REGION = "self-hosted";

const sessionId = Type.String({ minLength: 1, maxLength: 64, pattern: "^[a-zA-Z0-9@_-]+$", examples: ["user_1FB8"] });

const AppPortalAccessIn = field.object("AppPortalAccessIn", {
  application: Type.Optional(nullable(ApplicationIn)),
  capabilities: Type.Optional(
    nullable(
      ruled(
        distinct(choice(capabilities), { maxItems: CAPABILITIES_SENT_MAX }),
        (sent) => (sent.includes("ViewBase") ? null : "`ViewBase` must be among them."),
        { description: "What the token may do; everything that the token of an application can, unless given." },
      ),
    ),
  ),
  readOnly: Type.Optional(
    nullable(Type.Boolean({ deprecated: true, description: "Of the capabilities only those to see something." })),
  ),
  featureFlags: Type.Optional(
    nullable(
      distinct(field.eventTypeName, {
        maxItems: FLAGS_MAX,
        description: "The token sees the event types with these flags, beside those without any.",
      }),
    ),
  ),
  expiry: Type.Optional(
    nullable(
      Type.Integer({
        minimum: HOUR_SECONDS,
        maximum: PORTAL_SECONDS_MAX,
        default: PORTAL_SECONDS_MAX,
        description: "How long the token is valid, in seconds.",
      }),
    ),
  ),
  sessionId: Type.Optional(nullable(sessionId)),
});

const AppPortalAccessOut = field.object("AppPortalAccessOut", {
  url: Type.String({ format: "uri", description: "With the token behind the `#`, which browsers keep to themselves." }),
  token: Type.String(),
});

/** Where the right of a caller comes from, in the words of the Svix API. */
const permissionSources = {
  none: "Unknown",
  root: "GlobalAuthToken",
  token: "RegionalAuthToken",
  jwt: "SvixJwt",
} as const;

const WhoamiOut = field.object("WhoamiOut", {
  envId: field.idOut("org_"),
  appId: nullable(Type.String({ description: "The application that the token is for; null: the whole environment." })),
  appUid: nullable(Type.String()),
  appName: nullable(Type.String()),
  permissionSource: Type.String({ enum: Object.values(permissionSources) }),
  sessionId: nullable(Type.String()),
  expiresAt: nullable(field.instantOut),
  operations: Type.Array(Type.String(), {
    description: "The ids of the operations that the token may use, as far as that depends on the token alone.",
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
  operations: ["v1.endpoint.list", "v1.endpoint.get"],
};

const ApplicationTokenExpireIn = field.object("ApplicationTokenExpireIn", {
  expiry: Type.Optional(
    nullable(
      Type.Integer({ minimum: 0, maximum: EXPIRE_SECONDS_MAX, default: 0, description: "How soon, in seconds." }),
    ),
  ),
  sessionIds: Type.Optional(
    nullable(
      Type.Array(sessionId, {
        maxItems: SESSIONS_MAX,
        description:
          "Only tokens that were made with one of these. When none is named (null, an empty list, or nothing at all) all tokens of the application end.",
      }),
    ),
  ),
});

const accessExample = {
  url: "https://example.com/portal/#key=eyJhcHBJZCI6ImFwcF8wS2Z4RlhGVUg0aEVNcTBZOGdwUnhjVDJiU3IifQ==",
  token: "bhk_kV3ts5tKPNJN4Dl25cMTfUNdmabxbX0OkV3ts5tKPNJ",
};

export function authenticationRoutes(context: Context): Operation[] {
  const { store, ids, lookup, clock, signals } = context;
  const tag = "Authentication";
  const access = { 200: { description: "The way in.", schema: AppPortalAccessOut, example: accessExample } };

  async function applicationFor(identity: Identity, app: string, sent: Static<typeof AppPortalAccessIn>) {
    const known = await lookup.applicationOrNull(identity, app);
    if (known !== null) return known;
    if (sent.application == null) throw notFound("Application not found");
    await createOnDemand(context, identity, app, sent.application);
    return lookup.application(identity, app);
  }

  async function grantAccess(
    identity: Identity,
    application: Application,
    sent: Static<typeof AppPortalAccessIn>,
  ): Promise<Reply> {
    const held = sent.capabilities ?? null;
    const { token, text } = await makeToken(context, {
      name: "",
      environmentSeq: application.environmentSeq,
      applicationSeq: application.seq,
      capabilities: sent.readOnly ? readOnly(held) : held,
      scopes: scopeTexts(identity),
      featureFlags: sent.featureFlags ?? [],
      sessionId: sent.sessionId ?? null,
      validMs: (sent.expiry ?? PORTAL_SECONDS_MAX) * 1000,
    });
    const appId = ids.encode("app_", application.seq);
    const changed = { appId, tokenId: ids.encode("tok_", token.seq) };
    return { ...reply(200, { url: portalUrl(context.publicUrl(), appId, text), token: text }), changed };
  }

  return [
    operation({
      id: "v1.authentication.app-portal-access",
      method: "POST",
      path: "/api/v1/auth/app-portal-access/:app_id",
      tag,
      summary: "Let the owner of an application in",
      description:
        "Makes a token for this application alone, and a link that carries it: to the page at `/portal/`, where its owner sees endpoints and deliveries and does what the token allows. The link may be opened as it is or in an `<iframe>`; `?primaryColor=0b6e99`, `?darkMode=true` (or `auto`) and `?fontFamily=…` before its `#` fit it to what is around it, and `&next=/endpoints/new` behind the key opens another page first. Made by a token with scopes, it has these scopes as well.",
      access: "environment",
      body: AppPortalAccessIn,
      bodyOptional: true,
      bodyExample: { capabilities: ["ViewBase", "ManageEndpoint"], expiry: HOUR_SECONDS, sessionId: "user_1FB8" },
      answers: access,
      problems: [404],
      async handle({ identity, params, body }) {
        return grantAccess(identity, await applicationFor(identity, params.app_id, body), body);
      },
    }),

    operation({
      id: "v1.authentication.dashboard-access",
      method: "POST",
      path: "/api/v1/auth/dashboard-access/:app_id",
      tag,
      summary: "Let the owner of an application in (old form)",
      access: "environment",
      answers: access,
      problems: [404],
      hidden: true,
      async handle({ identity, params }) {
        return grantAccess(identity, await lookup.application(identity, params.app_id), {});
      },
    }),

    operation({
      id: "v1.authentication.whoami",
      method: "GET",
      path: "/api/v1/auth/whoami",
      tag,
      summary: "Tell what the token is for",
      description: "For every token, whatever its capabilities and scopes are.",
      access: "application",
      scopes: [],
      answers: { 200: { description: "Whose it is and what it opens.", schema: WhoamiOut, example: whoamiExample } },
      problems: [],
      handle: async ({ identity }) => reply(200, await whoami(context, identity)),
    }),

    operation({
      id: "v1.authentication.logout",
      method: "POST",
      path: "/api/v1/auth/logout",
      tag,
      summary: "End the token that is used",
      description: "At once and for ever, whatever it may do. The root token cannot be ended.",
      access: "application",
      capability: "ViewBase",
      scopes: [],
      answers: { 204: { description: "It is of no use any more." } },
      problems: [],
      async handle({ identity }) {
        await endCredential(context, identity);
        signals.send({ type: "tokens.changed", environmentSeq: identity.environmentSeq });
        return noContent;
      },
    }),

    operation({
      id: "v1.authentication.expire-all",
      method: "POST",
      path: "/api/v1/auth/app/:app_id/expire-all",
      tag,
      summary: "End the tokens of an application",
      access: "environment",
      body: ApplicationTokenExpireIn,
      bodyOptional: true,
      bodyExample: { expiry: 60 },
      answers: { 204: { description: "They end." } },
      problems: [404],
      async handle({ identity, params, body }) {
        const { seq: applicationSeq, environmentSeq } = await lookup.application(identity, params.app_id);
        const now = clock.now();
        await store.configuration.tokens.endOfApplication({
          applicationSeq,
          endsAt: now + (body.expiry ?? 0) * 1000,
          sessionIds: body.sessionIds?.length ? body.sessionIds : null,
          issuedUntil: now,
        });
        signals.send({ type: "tokens.changed", environmentSeq });
        return noContent;
      },
    }),
  ];
}

async function whoami({ store, ids, operationsFor }: Context, identity: Identity): Promise<Static<typeof WhoamiOut>> {
  const { credential, environmentSeq, applicationSeq } = identity;
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
    operations: [...operationsFor(identity)],
  };
}

/** A JWT is nowhere stored, but that it was ended is. */
async function endCredential({ store, seqs, clock }: Context, identity: Identity): Promise<void> {
  const { credential, environmentSeq, applicationSeq } = identity;
  const now = clock.now();
  if (credential.kind === "token") {
    await store.configuration.tokens.revoke(credential.seq, now);
    return;
  }
  if (credential.kind !== "jwt") throw new Problem(403, "insufficient_access", "The root token cannot be ended.");
  const ended = {
    seq: seqs.next(),
    name: credential.subject,
    environmentSeq,
    applicationSeq,
    capabilities: null,
    scopes: null,
    featureFlags: [],
    sessionId: null,
    hint: "",
    createdAt: now,
    expiresAt: credential.expiresAt,
    revokedAt: now,
  };
  await store.configuration.tokens.create(ended, credential.sha256);
}

/** The form of link that pages made for the Svix API understand. */
function portalUrl(publicUrl: string, appId: string, token: string): string {
  const key = Buffer.from(JSON.stringify({ appId, token, region: REGION })).toString("base64");
  return `${publicUrl}/portal/#key=${key}`;
}
