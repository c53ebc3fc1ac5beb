/** How an endpoint for operational webhooks does, and a test event for it. */
import { noEndpoint } from "../../../commands/endpoints.ts";
import { sendExample } from "../../../commands/send-example.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import type { Identity } from "../../identity/auth.ts";
import { attemptPage, attemptsOfEndpoint, endpointAttemptQuery } from "../attempt/list.ts";
import { endpointDetail, endpointDetailExample, endpointDetailFields } from "../endpoint/detail.ts";
import { MessageOut, messageExample } from "../message/fields.ts";
import { messageTextWith, payloadText } from "../message/out.ts";

export const OperationalWebhookEndpointStateOut = field.object(
  "OperationalWebhookEndpointStateOut",
  endpointDetailFields,
);

/** The event type of the test event. It need not be created. */
const TEST_TYPE = "svix.ping";

export function operationalObservationRoutes(context: Context): Operation[] {
  const { ids, lookup, operational, ingestRate } = context;
  const tag = "Operational webhook";
  const path = "/api/v1/operational-webhook/endpoint/:endpoint_id";
  const shared = { tag, access: "environment" } as const;

  async function find(identity: Identity, text: string) {
    const application = operational.applicationOf(identity.environmentSeq);
    const endpoint = application === null ? null : await lookup.endpointOrNull(application, text);
    if (application === null || endpoint === null) throw noEndpoint();
    return { application, endpoint };
  }

  return [
    operation({
      ...shared,
      id: "operational-webhook.endpoint.get-state",
      method: "GET",
      path: `${path}/state`,
      summary: "Get the state of an operational webhook endpoint",
      description: "Deleting the endpoint cancels its pending deliveries.",
      responses: {
        200: { description: "The state.", schema: OperationalWebhookEndpointStateOut, example: endpointDetailExample },
      },
      problems: [404],
      async handle({ identity, params }) {
        const { application, endpoint } = await find(identity, params.endpoint_id);
        return reply(200, await endpointDetail(context, application, endpoint));
      },
    }),

    operation({
      ...shared,
      id: "operational-webhook.endpoint.list-attempts",
      method: "GET",
      path: `${path}/attempt`,
      summary: "List the attempts of an operational webhook endpoint",
      description: "Newest first.",
      query: endpointAttemptQuery,
      responses: attemptPage,
      problems: [404],
      async handle({ identity, params, query }) {
        const { endpoint } = await find(identity, params.endpoint_id);
        return attemptsOfEndpoint(context, identity, endpoint.seq, query);
      },
    }),

    operation({
      ...shared,
      id: "operational-webhook.endpoint.send-example",
      method: "POST",
      path: `${path}/send-example`,
      summary: "Send a test event to an operational webhook endpoint",
      description: `Sends an event of the type \`${TEST_TYPE}\` to this endpoint only, even if it does not subscribe to the type.`,
      audited: false,
      responses: {
        200: {
          description: "The event was stored and is being delivered.",
          schema: MessageOut,
          example: { ...messageExample, eventType: TEST_TYPE },
        },
      },
      problems: [400, 404, 429],
      async handle({ identity, params }) {
        ingestRate.spend(identity.caller, 1);
        const { application, endpoint } = await find(identity, params.endpoint_id);
        const wanted = { application, endpoint, eventType: TEST_TYPE, payload: null, exampleIndex: 0 };
        const { incoming, stored } = await sendExample(context, wanted);
        return { status: 200, body: messageTextWith({ ...incoming, ...stored }, ids, payloadText(incoming)) };
      },
    }),
  ];
}
