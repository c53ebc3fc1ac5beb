import { Type } from "@sinclair/typebox";
import { usageOf } from "../../../commands/quota.ts";
import { formatInstant } from "../../../core/instant.ts";
import { endOf } from "../../../core/quota.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";

const limit = nullable(Type.Integer({ description: "The limit in force; null if there is none." }));
const COUNTED =
  "Null if the application has no limit of messages or stored bytes, and while the messages from before it are counted.";

export const QuotaUsageOut = field.object("QuotaUsageOut", {
  endpoints: field.object("EndpointQuotaOut", {
    used: Type.Integer({ description: "Number of endpoints, including disabled ones." }),
    limit,
  }),
  messagesPerDay: field.object("MessageQuotaOut", {
    used: nullable(Type.Integer({ description: `Number of messages accepted today. ${COUNTED}` })),
    limit,
    endsAt: nullable(Type.String({ format: "date-time", description: "When `used` becomes 0: midnight UTC." })),
  }),
  storedBytes: field.object("StoredBytesQuotaOut", {
    used: nullable(Type.Integer({ description: `Size of the stored payloads in bytes. ${COUNTED}` })),
    limit,
  }),
});

const example = {
  endpoints: { used: 3, limit: 10 },
  messagesPerDay: { used: 2048, limit: 10_000, endsAt: "2026-01-02T00:00:00.000Z" },
  storedBytes: { used: 1_048_576, limit: null },
};

export function quotaRoutes(context: Context): Operation[] {
  return [
    operation({
      id: "application.get-quota",
      method: "GET",
      path: "/api/v1/app/:app_id/quota",
      tag: "Application",
      summary: "Get the quota of an application and its usage",
      description:
        "Returns the limits in force: those of the field `quota`, else the server's defaults. After a quota was set, the first request begins to count the messages that are stored already. It waits up to 2 s for that.",
      access: "application",
      responses: { 200: { description: "The limits and what is used of them.", schema: QuotaUsageOut, example } },
      problems: [404],
      async handle({ identity, params }) {
        const application = await context.lookup.application(identity, params.app_id);
        const limits = context.quotas.of(application);
        const { endpoints, messages } = await usageOf(context, application);
        return reply(200, {
          endpoints: { used: endpoints, limit: limits.endpoints },
          messagesPerDay: {
            used: messages?.messages ?? null,
            limit: limits.messagesPerDay,
            endsAt: messages === null ? null : formatInstant(endOf(messages)),
          },
          storedBytes: { used: messages?.storedBytes ?? null, limit: limits.storedBytes },
        });
      },
    }),
  ];
}
