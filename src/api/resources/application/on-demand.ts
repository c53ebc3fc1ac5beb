import type { Static } from "@sinclair/typebox";
import type { OnDemandApplication } from "../../../commands/applications.ts";
import { invalid } from "../../../core/problem.ts";
import { actorOf } from "../../http/audit-trail.ts";
import type { Context } from "../../http/context.ts";
import { checkScopes } from "../../identity/access.ts";
import type { Identity } from "../../identity/identity.ts";
import { type ApplicationIn, settingsOf } from "./fields.ts";

/**
 * Returns the application to create if the application in the path does not exist. Throws 422
 * unless it has the uid in the path, and 403 if the caller may not create applications.
 */
export function onDemandOf(
  { ids }: Pick<Context, "ids">,
  identity: Identity,
  app: string,
  sent: Static<typeof ApplicationIn>,
): OnDemandApplication {
  checkScopes(identity, "application:Write");
  const loc = ["body", "application", "uid"];
  const { uid, ...settings } = settingsOf(sent);
  if (uid === null) throw invalid(loc, "Must be set to create the application.", "application_uid_missing");
  if (uid !== app) throw invalid(loc, "Must be the uid in the path.", "application_uid_mismatch");
  return { settings: { uid, ...settings }, actor: actorOf(identity, ids), action: "v1.application.create" };
}
