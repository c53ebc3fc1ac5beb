import { Type } from "@sinclair/typebox";
import { grantPortalAccess } from "../../../commands/tokens.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import { scopeTexts } from "../../identity/access.ts";
import {
  AppPortalAccessOut,
  portalAccessExample,
  portalExpiry,
  portalUrl,
  validSecondsMax,
} from "../authentication/portal-access.ts";

const DashboardIn = field.object("IngestSourceConsumerPortalAccessIn", {
  expiry: portalExpiry,
  readOnly: Type.Optional(
    nullable(Type.Boolean({ description: "Grants only those permissions that do not change anything." })),
  ),
});

export function sourceDashboardRoutes(context: Context): Operation[] {
  const { ids, lookup } = context;
  return [
    operation({
      id: "v1.ingest.authentication.consumer-portal-access",
      method: "POST",
      path: "/ingest/api/v1/source/:source_id/dashboard",
      tag: "Source",
      summary: "Create a portal link for a source",
      description:
        "Creates a token for this source and returns a portal link that contains the token. It gives access to the source without its secrets, and to its endpoints, messages, attempts, dead letters and log.",
      access: "environment",
      body: DashboardIn,
      bodyOptional: true,
      bodyExample: { expiry: 3600, readOnly: true },
      responses: {
        200: { description: "The link and its token.", schema: AppPortalAccessOut, example: portalAccessExample },
      },
      problems: [404],
      async handle({ identity, params, body }) {
        const source = await lookup.source(identity, params.source_id);
        const application = { seq: source.applicationSeq, environmentSeq: source.environmentSeq };
        const { token, text } = await grantPortalAccess(context, application, {
          capabilities: null,
          isReadOnly: body.readOnly ?? false,
          scopes: scopeTexts(identity),
          featureFlags: [],
          sessionId: null,
          validMs: (body.expiry ?? validSecondsMax) * 1000,
        });
        const appId = ids.encode("app_", source.applicationSeq);
        const changed = { tokenId: ids.encode("tok_", token.seq) };
        return { ...reply(200, { url: portalUrl(context.publicUrl(), appId, text), token: text }), changed };
      },
    }),
  ];
}
