import { redrive } from "../../../commands/dead-letters.ts";
import { actorOf } from "../../http/audit-trail.ts";
import type { Context } from "../../http/context.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent } from "../../http/reply.ts";

/**
 * Number of dead letters to redrive per second. It is fixed, because the operation of the Svix
 * server has no parameter for it.
 */
const RATE = 1000;

export function adminRoutes(context: Context): Operation[] {
  return [
    operation({
      id: "v1.admin.redrive-dlq",
      method: "POST",
      path: "/api/v1/admin/redrive-dlq",
      tag: "Dead letter",
      summary: "Redrive all dead letters of the environment",
      access: "environment",
      strict: true,
      scopes: ["dead-letter:Write"],
      responses: { 204: { description: "The task was started." } },
      problems: [429],
      hidden: true,
      async handle({ identity }) {
        await redrive(context, { environmentSeq: identity.environmentSeq }, RATE, actorOf(identity, context.ids));
        return noContent;
      },
    }),
  ];
}
