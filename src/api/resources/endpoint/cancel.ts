import { cancelMessages } from "../../../commands/cancel.ts";
import { parseInstant } from "../../../core/instant.ts";
import { actorOf } from "../../http/audit-trail.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent } from "../../http/reply.ts";
import { instantText } from "../../http/schema.ts";

const CancelMsgsIn = field.object("CancelMsgsIn", {
  createdBefore: instantText("Cancel messages accepted before this instant."),
});

export function endpointCancelRoutes(context: Context): Operation[] {
  const { ids, lookup } = context;
  return [
    operation({
      id: "v1.endpoint.cancel-msgs",
      method: "POST",
      path: "/api/v1/app/:app_id/endpoint/:endpoint_id/cancel-msgs",
      tag: "Endpoint",
      summary: "Cancel the waiting messages of an endpoint",
      description:
        "Starts a task that cancels the endpoint's pending deliveries of messages accepted before an instant, also those that wait for a retry. Messages accepted after this request are kept. No attempt to the endpoint starts between the response and the end of the task, so none of the cancelled deliveries is sent after the response. Attempts under way are not interrupted.",
      access: "application",
      strict: true,
      body: CancelMsgsIn,
      bodyExample: { createdBefore: "2026-01-01T00:00:00Z" },
      responses: { 204: { description: "The task was started." } },
      problems: [404, 429],
      async handle({ identity, params, body }) {
        const target = await lookup.both(identity, params.app_id, params.endpoint_id);
        const startedBy = actorOf(identity, ids);
        await cancelMessages(context, { ...target, startedBy }, parseInstant(body.createdBefore)!);
        return noContent;
      },
    }),
  ];
}
