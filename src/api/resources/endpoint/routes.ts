import { type Static, Type } from "@sinclair/typebox";
import {
  changeEndpoint,
  deleteEndpoint,
  endpointUidTaken,
  createEndpoint as storeEndpoint,
} from "../../../commands/endpoints.ts";
import { invalid, notFound } from "../../../core/problem.ts";
import { endpointFields, plainEndpoint } from "../../../core/resources/endpoint.ts";
import { normalizeUrl, uidProblem } from "../../../core/rule.ts";
import { generateSecret, parseSecret, secretBytes } from "../../../core/signature.ts";
import type { Application, Endpoint } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type FoundOrMade, findOrMake } from "../../http/find-or-make.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listed, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { noContent, reply } from "../../http/reply.ts";
import { applyCreate, applyPatch, applyPut } from "../../http/resource.ts";
import type { Identity } from "../../identity/identity.ts";
import {
  type EndpointChange,
  EndpointIn,
  EndpointOut,
  EndpointPatch,
  EndpointUpdate,
  endpointExample,
  endpointOut,
  sentEventTypes,
} from "./fields.ts";

const found = { description: "The endpoint.", schema: EndpointOut, example: endpointExample };
const created = { ...found, description: "The endpoint was made." };
const bodyExample = { url: "https://example.com/webhook", eventTypes: ["user.signup"] };

export function endpointRoutes(context: Context): Operation[] {
  const { store, ids, lookup } = context;
  const tag = "Endpoint";
  const path = "/api/v1/app/:app_id/endpoint/:endpoint_id";

  /** `apply` lays what was sent over the endpoint. */
  async function update(identity: Identity, found: Endpoint, body: EndpointChange, apply = applyPatch) {
    const names = sentEventTypes(body) ?? null;
    await checkEventTypes(context, identity, names, found.eventTypes ?? []);
    const sent = body.url === undefined ? body : { ...body, url: urlOf(body.url) };
    const after = await changeEndpoint(context, found.seq, (before) => apply(endpointFields, before, sent));
    return reply(200, endpointOut(after, ids));
  }

  const checkTypesFor =
    (identity: Identity): CheckTypes =>
    (names) =>
      checkEventTypes(context, identity, names);
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
      access: "application",
      body: EndpointIn,
      bodyExample,
      answers: { 201: created },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const application = await lookup.application(identity, params.app_id);
        const made = await createEndpoint(context, application, body, checkTypesFor(identity));
        return reply(201, endpointOut(made, ids));
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
        const checkTypes = checkTypesFor(identity);
        const found = await findOrMakeEndpoint(context, application, params.endpoint_id, body, checkTypes);
        if (found.made) return reply(201, endpointOut(found.thing, ids));
        return update(identity, found.thing, body, applyPut);
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
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        return update(identity, endpoint, body);
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
        await deleteEndpoint(context, endpoint);
        return noContent;
      },
    }),
  ];
}

type EndpointSent = Static<typeof EndpointIn> & EndpointChange;

/** Throws when there is an event type among them that an endpoint cannot ask for. */
type CheckTypes = (names: readonly string[] | null) => void | Promise<void>;

/** 409 when the uid is taken. */
export async function createEndpoint(
  context: Context,
  application: Application,
  body: EndpointSent,
  checkTypes: CheckTypes,
): Promise<Endpoint> {
  const endpoint = await makeEndpoint(context, application, body, checkTypes);
  if (endpoint === null) throw endpointUidTaken();
  return endpoint;
}

/** The endpoint that a path names, or else a new one with that uid or the one that was sent. 409 when the latter is taken. */
export async function findOrMakeEndpoint(
  context: Context,
  application: Application,
  text: string,
  body: EndpointSent,
  checkTypes: CheckTypes,
): Promise<FoundOrMade<Endpoint>> {
  const found = await findOrMake(
    () => context.lookup.endpointOrNull(application, text),
    async () => makeEndpoint(context, application, { ...body, uid: body.uid ?? uidFromPath(text) }, checkTypes),
  );
  if (found === null) throw endpointUidTaken();
  return found;
}

/** Null: the uid is taken. */
async function makeEndpoint(
  context: Context,
  application: Application,
  body: EndpointSent,
  checkTypes: CheckTypes,
): Promise<Endpoint | null> {
  const now = context.clock.now();
  const url = checkedUrl(body.url, context.settings.httpsOnly);
  const plain = plainEndpoint({ seq: context.seqs.next(), applicationSeq: application.seq, url, now });
  const endpoint = applyCreate(endpointFields, plain, { ...body, url });
  const secret = body.secret ?? generateSecret(context.random.bytes(secretBytes));
  checkSecret(secret, "secret");
  await checkTypes(endpoint.eventTypes);
  return (await storeEndpoint(context, endpoint, secret)) ? endpoint : null;
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

/**
 * An endpoint can only ask for event types that there are. For whoever may not see one there is none; but what the endpoint
 * asks for already (`before`) it may go on asking for, so that a change of something else need not give it up.
 */
async function checkEventTypes(
  { store }: Context,
  { environmentSeq, featureFlags }: Identity,
  names: readonly string[] | null,
  before: readonly string[] = [],
): Promise<void> {
  if (names === null) return;
  const unseen = await store.configuration.eventTypes.unknown(environmentSeq, names, featureFlags);
  const had = new Set(before);
  const isNew = unseen.some((name) => !had.has(name));
  if (!isNew && (await store.configuration.eventTypes.unknown(environmentSeq, unseen, null)).length === 0) return;
  throw invalid(["body", "eventTypes"], "Some of these event types do not exist or are archived. Create them first.");
}

/** What stands in the path becomes the uid, unless it looks like an id: then it names an endpoint that is gone. */
function uidFromPath(text: string): string {
  if (uidProblem(text, "ep_") !== null) throw notFound("Endpoint not found");
  return text;
}
