import { type Static, Type } from "@sinclair/typebox";
import { createOnDemand } from "../../../commands/applications.ts";
import { grantPortalAccess } from "../../../commands/tokens.ts";
import { capabilities } from "../../../core/capability.ts";
import { notFound } from "../../../core/problem.ts";
import type { Application } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { type Reply, reply } from "../../http/reply.ts";
import { choice, nullable, ruled, withoutRepetitions } from "../../http/schema.ts";
import { scopeTexts } from "../../identity/access.ts";
import type { Identity } from "../../identity/identity.ts";
import { ApplicationIn } from "../application/fields.ts";
import { onDemandOf } from "../application/on-demand.ts";

const HOUR_SECONDS = 60 * 60;
/** Maximum time for which a portal link is valid, and the default, in seconds. */
export const validSecondsMax = 7 * 24 * HOUR_SECONDS;
const FLAGS_MAX = 25;
/**
 * Maximum number of capabilities in a request. It exceeds the number of existing capabilities, so
 * that a long list with an unknown capability fails with an error about that capability and not
 * about the length.
 */
const CAPABILITIES_SENT_MAX = 100;
/** The region that Svix API clients expect from a server outside Svix's cloud. */
const REGION = "self-hosted";

export const sessionId = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: "^[a-zA-Z0-9@_-]+$",
  examples: ["user_1FB8"],
});

export const portalExpiry = Type.Optional(
  nullable(
    Type.Integer({
      minimum: HOUR_SECONDS,
      maximum: validSecondsMax,
      default: validSecondsMax,
      description: "Time until the token expires, in seconds.",
    }),
  ),
);

const AppPortalAccessIn = field.object("AppPortalAccessIn", {
  application: Type.Optional(nullable(ApplicationIn)),
  capabilities: Type.Optional(
    nullable(
      ruled(
        Type.Array(choice(capabilities), { maxItems: CAPABILITIES_SENT_MAX }),
        (sent) => (sent.includes("ViewBase") ? null : "`ViewBase` must be one of the capabilities."),
        { description: "What the token may do. Defaults to everything that an application's token may do." },
      ),
    ),
  ),
  readOnly: Type.Optional(
    nullable(
      Type.Boolean({ deprecated: true, description: "Grants only those capabilities that do not change anything." }),
    ),
  ),
  featureFlags: Type.Optional(
    nullable(
      Type.Array(field.eventTypeName, {
        maxItems: FLAGS_MAX,
        description: "The token sees event types with one of these feature flags and those without any.",
      }),
    ),
  ),
  expiry: portalExpiry,
  sessionId: Type.Optional(nullable(sessionId)),
});
type AccessSent = Static<typeof AppPortalAccessIn>;

export const AppPortalAccessOut = field.object("AppPortalAccessOut", {
  url: Type.String({
    format: "uri",
    description: "Contains the token after the `#`, a part that browsers do not send to servers.",
  }),
  token: Type.String(),
});

export const portalAccessExample = {
  url: "https://example.com/portal/#key=eyJhcHBJZCI6ImFwcF8wS2Z4RlhGVUg0aEVNcTBZOGdwUnhjVDJiU3IifQ==",
  token: "bhk_kV3ts5tKPNJN4Dl25cMTfUNdmabxbX0OkV3ts5tKPNJ",
};

const PORTAL_ACCESS = `Creates a token for this application and returns a portal link that contains the token. In the portal, the application's owner sees its endpoints and deliveries and can do what the token allows. The link can be opened directly or in an \`<iframe>\`. If the caller's token has scopes, the new token has the same scopes.

You can add these options to the link:

- \`?primaryColor=0b6e99\`, before the \`#\`: the main colour.
- \`?darkMode=true\` (or \`false\` or \`auto\`), before the \`#\`: the colour scheme.
- \`?fontFamily=Inter\`, before the \`#\`: a font that is installed on the user's device.
- \`&next=/endpoints/new\`, at the end: the page that opens first.`;

export function portalAccessRoutes(context: Context): Operation[] {
  const { ids, lookup } = context;
  const tag = "Authentication";
  const access = {
    200: { description: "The link and its token.", schema: AppPortalAccessOut, example: portalAccessExample },
  };

  async function applicationFor(identity: Identity, app: string, sent: AccessSent) {
    const known = await lookup.applicationOrNull(identity, app);
    if (known !== null) return known;
    if (sent.application == null) throw notFound("Application not found");
    const onDemand = onDemandOf(context, identity, app, sent.application);
    await createOnDemand(context, identity.environmentSeq, onDemand);
    return lookup.application(identity, app);
  }

  async function grant(identity: Identity, application: Application, sent: AccessSent): Promise<Reply> {
    const { token, text } = await grantPortalAccess(context, application, {
      capabilities: sent.capabilities == null ? null : withoutRepetitions(sent.capabilities),
      isReadOnly: sent.readOnly ?? false,
      scopes: scopeTexts(identity),
      featureFlags: withoutRepetitions(sent.featureFlags ?? []),
      sessionId: sent.sessionId ?? null,
      validMs: (sent.expiry ?? validSecondsMax) * 1000,
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
      summary: "Create a portal link for an application",
      description: PORTAL_ACCESS,
      access: "environment",
      body: AppPortalAccessIn,
      bodyOptional: true,
      bodyExample: { capabilities: ["ViewBase", "ManageEndpoint"], expiry: HOUR_SECONDS, sessionId: "user_1FB8" },
      responses: access,
      problems: [404],
      async handle({ identity, params, body }) {
        return grant(identity, await applicationFor(identity, params.app_id, body), body);
      },
    }),

    operation({
      id: "v1.authentication.dashboard-access",
      method: "POST",
      path: "/api/v1/auth/dashboard-access/:app_id",
      tag,
      summary: "Create a portal link for an application (deprecated)",
      access: "environment",
      responses: access,
      problems: [404],
      hidden: true,
      async handle({ identity, params }) {
        return grant(identity, await lookup.application(identity, params.app_id), {});
      },
    }),
  ];
}

/** Returns a portal link in the format that pages for the Svix API understand. */
export function portalUrl(publicUrl: string, appId: string, token: string): string {
  const key = Buffer.from(JSON.stringify({ appId, token, region: REGION })).toString("base64");
  return `${publicUrl}/portal/#key=${key}`;
}
