import { Type } from "@sinclair/typebox";
import { refuseResuming } from "../../../commands/endpoint-challenge.ts";
import { endpointWarnings } from "../../../commands/endpoint-warnings.ts";
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  type EndpointChange,
  putEndpoint,
} from "../../../commands/endpoints.ts";
import { checkFunction } from "../../../commands/functions.ts";
import { pinnedVersion } from "../../../commands/payload-versions.ts";
import { anyEventTypes, existingEventTypes } from "../../../commands/subscriptions.ts";
import type { Application, Endpoint } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listed, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { changeReply, noContent, reply } from "../../http/reply.ts";
import type { Identity } from "../../identity/identity.ts";
import {
  EndpointIn,
  EndpointOut,
  EndpointPatch,
  EndpointUpdate,
  EndpointWrittenOut,
  endpointExample,
  endpointOut,
  endpointWrittenExample,
} from "./fields.ts";
import { withFilter } from "./filter.ts";
import { patchOf, putOf, secretOf, settingsOf, withUrl } from "./settings.ts";

const found = { description: "The endpoint.", schema: EndpointOut, example: endpointExample };
const written = { description: "The endpoint.", schema: EndpointWrittenOut, example: endpointWrittenExample };
const created = { ...written, description: "The endpoint was created." };
const bodyExample = { url: "https://example.com/webhook", eventTypes: ["user.signup"] };

export function endpointRoutes(context: Context): Operation[] {
  const { store, ids, lookup } = context;
  const tag = "Endpoint";
  const path = "/api/v1/app/:app_id/endpoint/:endpoint_id";

  /** The event types of a source come from its provider and need not be created. */
  const subscriptionRule = ({ environmentSeq, featureFlags }: Identity, { sourceSeq }: Application) =>
    sourceSeq === null ? existingEventTypes(context, environmentSeq, featureFlags) : anyEventTypes;

  /** Makes a change throw 409 if a request that sends `paused` would resume an endpoint that is not verified. */
  const resumable =
    (paused: boolean | undefined, change: EndpointChange): EndpointChange =>
    (before) => {
      const after = change(before);
      refuseResuming(context, before, { paused, url: after.url });
      return after;
    };

  /** Returns the request with the payload version that it means: the newest, unless it names one. */
  const pinned = async <Sent extends { readonly apiVersion?: string | null }>(
    { environmentSeq }: Identity,
    sent: Sent,
  ): Promise<Sent> => ({ ...sent, apiVersion: await pinnedVersion(context, environmentSeq, sent.apiVersion ?? null) });

  const writtenOut = async (endpoint: Endpoint) => ({
    ...endpointOut(endpoint, ids),
    warnings: await endpointWarnings(context, endpoint),
  });

  return [
    operation({
      id: "v1.endpoint.list",
      method: "GET",
      path: "/api/v1/app/:app_id/endpoint",
      tag,
      summary: "List endpoints",
      access: "application",
      query: Type.Object({ ...pageQuery, ...orderQuery("descending") }),
      responses: {
        200: {
          description: "A page of endpoints.",
          schema: field.listOf("EndpointOut", EndpointOut),
          example: {
            data: [endpointExample],
            iterator: endpointExample.id,
            prevIterator: `-${endpointExample.id}`,
            done: true,
          },
        },
      },
      problems: [404],
      async handle({ identity, params, query }) {
        const application = await lookup.application(identity, params.app_id);
        const page = pageRequest(query, ids, "ep_", query.order ?? "descending");
        const rows = await store.configuration.endpoints.list(application.seq, page);
        return reply(
          200,
          listed(
            rows,
            ({ seq }) => ids.encode("ep_", seq),
            (endpoint) => endpointOut(endpoint, ids),
          ),
        );
      },
    }),

    operation({
      id: "v1.endpoint.create",
      method: "POST",
      path: "/api/v1/app/:app_id/endpoint",
      tag,
      summary: "Create an endpoint",
      description:
        "Beyond the endpoints that the quota of the application permits, the response is 403 `quota_exceeded`; beyond `max-endpoints-per-app`, it is 403 `too_many_endpoints`.",
      access: "application",
      body: EndpointIn,
      bodyExample,
      responses: { 201: created },
      problems: [404, 409],
      async handle({ identity, params, body, bytes }) {
        const application = await lookup.application(identity, params.app_id);
        const sent = await pinned(identity, withFilter(body, bytes));
        const settings = settingsOf(sent, context);
        const wanted = { applicationSeq: application.seq, settings, secret: secretOf(body.secret) };
        const endpoint = await createEndpoint(context, wanted, subscriptionRule(identity, application));
        return reply(201, await writtenOut(endpoint));
      },
    }),

    operation({
      id: "v1.endpoint.get",
      method: "GET",
      path,
      tag,
      summary: "Get an endpoint",
      access: "application",
      responses: { 200: found },
      problems: [404],
      async handle({ identity, params }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        return reply(200, endpointOut(endpoint, ids));
      },
    }),

    operation({
      id: "v1.endpoint.update",
      method: "PUT",
      path,
      tag,
      summary: "Create or replace an endpoint",
      description:
        "An unknown uid in the path creates an endpoint with that uid. Absent fields get their defaults. An endpoint keeps its `apiVersion` if the body has none. If the body has no `uid`, a request to the id removes the stored uid, and a request to the uid keeps it. The secret and the headers are never changed.",
      access: "application",
      body: EndpointUpdate,
      bodyExample,
      responses: { 200: written, 201: created },
      problems: [404, 409],
      async handle({ identity, params, body, bytes }) {
        const application = await lookup.application(identity, params.app_id);
        const key = lookup.key("ep_", params.endpoint_id);
        await checkFunction(context, application.seq, body.function);
        const sent = await pinned(identity, withFilter(body, bytes));
        const put = putOf(params.endpoint_id, sent, context, body.apiVersion === undefined);
        const change = resumable(body.paused, put.change);
        const wanted = { applicationSeq: application.seq, ...put, change };
        const { value, created } = await putEndpoint(context, key, wanted, subscriptionRule(identity, application));
        return reply(created ? 201 : 200, await writtenOut(value));
      },
    }),

    operation({
      id: "v1.endpoint.patch",
      method: "PATCH",
      path,
      tag,
      summary: "Change an endpoint",
      description: "Absent fields are unchanged.",
      access: "application",
      body: EndpointPatch,
      bodyExample: { disabled: true },
      responses: { 200: written },
      problems: [404, 409],
      async handle({ identity, params, body, bytes }) {
        const { application, endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const filtered = withUrl(withFilter(body, bytes), context);
        const sent = filtered.apiVersion === undefined ? filtered : await pinned(identity, filtered);
        await checkFunction(context, application.seq, sent.function);
        const change = resumable(sent.paused, (before) => patchOf(before, sent));
        const after = await changeEndpoint(context, endpoint.seq, change, subscriptionRule(identity, application));
        return changeReply(reply(200, await writtenOut(after)), endpoint, after);
      },
    }),

    operation({
      id: "v1.endpoint.delete",
      method: "DELETE",
      path,
      tag,
      summary: "Delete an endpoint",
      description: "Cancels the pending deliveries to the endpoint. The uid can be reused.",
      access: "application",
      responses: { 204: { description: "The endpoint was deleted." } },
      problems: [404],
      async handle({ identity, params }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        await deleteEndpoint(context, endpoint);
        return noContent;
      },
    }),
  ];
}
