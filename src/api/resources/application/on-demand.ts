import type { Static } from "@sinclair/typebox";
import { invalid, Problem } from "../../../core/problem.ts";
import type { Context } from "../../http/context.ts";
import { reply } from "../../http/reply.ts";
import { checkScopes } from "../../identity/access.ts";
import type { Identity } from "../../identity/identity.ts";
import type { ApplicationIn } from "./fields.ts";
import { createApplication } from "./routes.ts";

/**
 * Makes the application that a request brings along for the case that the one in its path is missing; the uid must be the
 * one in the path. Whoever is there first makes it, for all of them.
 */
export async function createOnDemand(
  context: Context,
  identity: Identity,
  app: string,
  application: Static<typeof ApplicationIn>,
): Promise<void> {
  checkScopes(identity, "application:Write");
  const loc = ["body", "application", "uid"];
  if (application.uid == null) throw invalid(loc, "Must be set to make the application.", "application_uid_missing");
  if (application.uid !== app) throw invalid(loc, "Must be the uid in the path.", "application_uid_mismatch");
  try {
    await context.audit.record("v1.application.create", identity, {}, async () => {
      const { seq } = await createApplication(context, identity, application);
      return reply(201, { id: context.ids.encode("app_", seq) });
    });
  } catch (error) {
    if (!(error instanceof Problem && error.code === "conflict")) throw error;
  }
}
