import { redrive } from "../../../commands/dead-letters.ts";
import type { Context } from "../../http/context.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent } from "../../http/reply.ts";

/** Dead letters a second: the Svix server, whose operation this is, knows no rate. */
const RATE = 1000;

export function adminRoutes(context: Context): Operation[] {
  return [
    operation({
      id: "v1.admin.redrive-dlq",
      method: "POST",
      path: "/api/v1/admin/redrive-dlq",
      tag: "Dead letter",
      summary: "Send all dead letters of the environment again",
      access: "environment",
      scopes: ["dead-letter:Write"],
      responses: { 204: { description: "It has begun." } },
      problems: [],
      hidden: true,
      async handle({ identity: { environmentSeq } }) {
        await redrive(context, { environmentSeq }, RATE);
        return noContent;
      },
    }),
  ];
}
