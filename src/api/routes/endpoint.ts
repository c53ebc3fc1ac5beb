import { type Static, Type } from "@sinclair/typebox";
import { conflict, invalid, notFound } from "../../core/problem.ts";
import { normalizeUrl, uidProblem } from "../../core/rule.ts";
import { generateSecret, parseSecret, secretBytes } from "../../core/signature.ts";
import type { Application, Endpoint } from "../../store/index.ts";
import type { Context } from "../context.ts";
import {
  changed,
  type EndpointChange,
  EndpointIn,
  EndpointOut,
  EndpointPatch,
  EndpointUpdate,
  endpointExample,
  endpointOut,
  plainEndpoint,
} from "../endpoint-fields.ts";
import * as field from "../fields.ts";
import { type Operation, operation } from "../operation.ts";
import { listed, orderQuery, pageQuery, pageRequest } from "../paging.ts";
import { noContent, reply } from "../reply.ts";

const found = { description: "The endpoint.", schema: EndpointOut, example: endpointExample };
const created = { ...found, description: "The endpoint was made." };
const bodyExample = { url: "https://example.com/webhook", eventTypes: ["user.signup"] };

export function endpointRoutes(context: Context): Operation[] {
  const { store, ids, lookup, clock } = context;
  const tag = "Endpoint";
  const path = "/api/v1/app/:app_id/endpoint/:endpoint_id";

  async function update(before: Endpoint, after: Endpoint, application: Application) {
    if (after.eventTypes !== before.eventTypes) await checkEventTypes(context, application, after.eventTypes);
    return reply(200, endpointOut(await storeChange(context, before, after), ids));
  }

  const urlOf = (text: string) => checkedUrl(text, context.settings.httpsOnly);

  return [
    operation({
      id: "v1.endpoint.list",
      method: "GET",
      path: "/api/v1/app/:app_id/endpoint",
      tag,
      summary: "List endpoints",
      access: "application",
      query: Type.Object({ ...pageQuery, ...orderQuery("descending") }),
      answers: {
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
        const rows = await store.endpoints.list(application.seq, page);
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
      access: "application",
      body: EndpointIn,
      bodyExample,
      answers: { 201: created },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const application = await lookup.application(identity, params.app_id);
        return reply(201, endpointOut(await createEndpoint(context, application, body), ids));
      },
    }),

    operation({
      id: "v1.endpoint.get",
      method: "GET",
      path,
      tag,
      summary: "Get an endpoint",
      access: "application",
      answers: { 200: found },
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
        "An unknown uid in the path makes the endpoint with that uid. Fields that are not sent get their defaults; uid, secret and headers stay.",
      access: "application",
      body: EndpointUpdate,
      bodyExample,
      answers: { 200: found, 201: created },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const application = await lookup.application(identity, params.app_id);
        const existing = await lookup.endpointOrNull(application, params.endpoint_id);
        if (existing === null) {
          const uid = body.uid ?? uidFromPath(params.endpoint_id);
          return reply(201, endpointOut(await createEndpoint(context, application, { ...body, uid }), ids));
        }
        return context.inTurn.run(existing.seq, async () => {
          const before = await lookup.again(existing);
          const blank = { ...before, ...plainEndpoint, uid: before.uid };
          return update(before, { ...changed(blank, body), url: urlOf(body.url) }, application);
        });
      },
    }),

    operation({
      id: "v1.endpoint.patch",
      method: "PATCH",
      path,
      tag,
      summary: "Change an endpoint",
      description: "What is not sent stays as it is.",
      access: "application",
      body: EndpointPatch,
      bodyExample: { disabled: true },
      answers: { 200: found },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const { application, endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        return context.inTurn.run(endpoint.seq, async () => {
          const existing = await lookup.again(endpoint);
          const url = body.url === undefined ? existing.url : urlOf(body.url);
          return update(existing, { ...changed(existing, body), url }, application);
        });
      },
    }),

    operation({
      id: "v1.endpoint.delete",
      method: "DELETE",
      path,
      tag,
      summary: "Delete an endpoint",
      description: "What was to be delivered to it is cancelled; the uid is free again.",
      access: "application",
      answers: { 204: { description: "It is gone." } },
      problems: [404],
      async handle({ identity, params }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        await store.endpoints.delete(endpoint.seq, clock.now());
        context.endpointChanged("endpoint.deleted", endpoint);
        return noContent;
      },
    }),
  ];
}

/** Stores a changed endpoint and tells of it. 409 when the uid is taken. */
export async function storeChange(context: Context, before: Endpoint, after: Endpoint): Promise<Endpoint> {
  // Whoever switches it on again says that it is well.
  const failingSince = before.disabled && !after.disabled ? null : before.failingSince;
  const endpoint = { ...after, failingSince, updatedAt: context.clock.now() };
  if (!(await context.store.endpoints.update(endpoint))) throw taken();
  context.endpointChanged("endpoint.updated", endpoint);
  if (before.disabled !== endpoint.disabled) context.endpointSwitched(endpoint);
  return endpoint;
}

/** `checkTypes` throws when the endpoint asks for event types that there are not. 409 when the uid is taken. */
export async function createEndpoint(
  context: Context,
  application: Application,
  body: Static<typeof EndpointIn> & EndpointChange,
  checkTypes: typeof checkEventTypes = checkEventTypes,
): Promise<Endpoint> {
  const now = context.clock.now();
  const endpoint: Endpoint = {
    ...changed(plainEndpoint, body),
    seq: context.seqs.next(),
    applicationSeq: application.seq,
    url: checkedUrl(body.url, context.settings.httpsOnly),
    headers: body.headers ?? {},
    failingSince: null,
    createdAt: now,
    updatedAt: now,
  };
  const secret = body.secret ?? generateSecret(context.random.bytes(secretBytes));
  checkSecret(secret, "secret");
  await checkTypes(context, application, endpoint.eventTypes);
  if (!(await context.store.endpoints.create(endpoint, secret))) throw taken();
  context.endpointChanged("endpoint.created", endpoint);
  return endpoint;
}

export function checkedUrl(text: string, httpsOnly: boolean): string {
  const checked = normalizeUrl(text, httpsOnly);
  if ("problem" in checked) throw invalid(["body", "url"], checked.problem);
  return checked.url;
}

export function checkSecret(secret: string, name: string): void {
  if (parseSecret(secret) !== null) return;
  const msg =
    "Must be whsec_ and the base64 of 24 to 75 bytes, or whsk_ and the base64 of an ed25519 seed and its public key.";
  throw invalid(["body", name], msg);
}

/** An endpoint can only ask for event types that there are. */
async function checkEventTypes(context: Context, application: Application, names: readonly string[] | null) {
  if (names === null) return;
  const unknown = await context.store.eventTypes.unknown(application.environmentSeq, names);
  if (unknown.length === 0) return;
  throw invalid(["body", "eventTypes"], "Some of these event types do not exist or are archived. Create them first.");
}

function taken() {
  return conflict("An endpoint with that id or uid already exists");
}

/** What stands in the path becomes the uid, unless it looks like an id: then it names an endpoint that is gone. */
export function uidFromPath(text: string): string {
  if (uidProblem(text, "ep_") !== null) throw notFound("Endpoint not found");
  return text;
}
