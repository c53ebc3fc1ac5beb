import { toOpenAPISchema } from "@elysiajs/openapi";
import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { idempotencyKeyCharsMax } from "../../core/rule.ts";
import { neededScopes, scopesText } from "../identity/access.ts";
import { object } from "./fields.ts";
import { hoistSchemas } from "./openapi-schemas.ts";
import type { DocumentedResponse, Operation } from "./operation.ts";

/** JSON Schema 2020-12, in which null is a type like the others. */
const OPENAPI_VERSION = "3.1.1";

const HttpErrorOut = object("HttpErrorOut", {
  code: Type.String({ description: "For programs." }),
  detail: Type.String({ description: "For people." }),
});
const HTTPValidationError = object("HTTPValidationError", {
  detail: Type.Array(
    object("ValidationErrorItem", {
      loc: Type.Array(Type.String(), {
        description: "Where: `body`, `query`, `path` or `header`, then field by field.",
      }),
      msg: Type.String(),
      type: Type.String(),
    }),
  ),
});

/** What errors look like, by status. */
const problems: Readonly<Record<number, DocumentedResponse>> = {
  400: problem("The request cannot be read, or cannot be done.", "generic_error", "Failed to deserialize query string"),
  401: problem("The token is missing, wrong, expired or revoked.", "authentication_failed", "Invalid token"),
  403: problem("The token may not do this.", "insufficient_access", "Insufficient access for the given operation."),
  404: problem("There is no such thing, or not for this token.", "not_found", "Entity not found"),
  409: problem("It is taken.", "conflict", "An application with that id or uid already exists"),
  413: problem("The body is larger than `max-body`.", "payload_too_large", "Request payload is too large."),
  422: {
    description: "A value is not acceptable.",
    schema: HTTPValidationError,
    example: { detail: [{ loc: ["body", "name"], msg: "This field is required.", type: "value_error.jsondecode" }] },
  },
  // Answered by the HTTP server itself, before the request is looked at.
  431: { description: "The address or the headers are larger than 16 KiB." },
  429: problem("Too much at once; `Retry-After` says when to come back.", "too_many_requests", "Too many requests."),
  503: problem(
    "Nothing can be stored at the moment; `Retry-After` says when to come back.",
    "unavailable",
    "Try later.",
  ),
};

function problem(description: string, code: string, detail: string): DocumentedResponse {
  return { description, schema: HttpErrorOut, example: { code, detail } };
}

const tags = [
  { name: "Application", description: "A customer of yours: has endpoints and gets messages." },
  { name: "Endpoint", description: "An address of an application that webhooks are sent to." },
  { name: "Event type", description: "What messages are about." },
  { name: "Message", description: "An event that was accepted, and goes to every endpoint that wants it." },
  { name: "Message poller", description: "Messages for those who fetch them instead of having them sent." },
  { name: "Message attempt", description: "One try to deliver a message to an endpoint." },
  { name: "Dead letter", description: "Deliveries that ran out of attempts." },
  {
    name: "Operational webhook",
    description: "Endpoints that are told what happens to the endpoints and messages of the environment.",
  },
  { name: "Authentication", description: "Tokens: what they open, and how they end." },
  { name: "Environment", description: "Completely separate from each other. For the root token." },
  { name: "Audit log", description: "Who changed what, and when." },
  { name: "Background task", description: "Work that goes on after its request was answered." },
  { name: "Statistics", description: "Reports about many applications." },
  { name: "Overview", description: "How the environment is doing." },
  { name: "Inbox", description: "A receiver inside the server, to try things out with." },
  { name: "Health", description: "For those who watch over the server." },
];

/** Environments are chosen with a root token only. */
const environmentHeader = {
  name: "boathook-environment",
  in: "header",
  required: false,
  description: "For root tokens: the environment to work in, a name or an `org_` id.",
  schema: { type: "string", default: "default" },
};
const idempotencyHeader = {
  name: "idempotency-key",
  in: "header",
  required: false,
  description: "The first 2xx answer to this key is repeated for 12 hours.",
  schema: { type: "string", maxLength: idempotencyKeyCharsMax },
};

/** The OpenAPI document of these operations. */
export function apiDocument(operations: readonly Operation[], version: string): object {
  const shown = operations.filter(({ hidden }) => !hidden);
  // Routes that are only there to be read: on the real ones these schemas would make Elysia check a second time, by its
  // own rules.
  const routes = new Elysia();
  for (const operation of shown) addRoute(routes, operation);
  const { paths } = toOpenAPISchema(routes, { staticFile: false }, undefined, undefined, OPENAPI_VERSION);
  addHeaders(paths as Document["paths"], shown);
  return hoistSchemas({
    openapi: OPENAPI_VERSION,
    info: {
      title: "Boathook",
      version,
      description: "Webhooks, both directions, durable. The API has the form of the Svix API.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags,
    security: [{ bearer: [] }],
    paths: plain(paths) as Document["paths"],
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer", description: "A token of the server." } },
    },
  });
}

interface Document {
  readonly paths: Record<string, Record<string, { parameters?: object[] }>>;
}

/** Without what only TypeBox knows. */
function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}

function addRoute(routes: Elysia, operation: Operation): void {
  const { id, method, path, tag, summary, description, query, body, access } = operation;
  const detail = {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(access === "public" && { security: [] }),
    ...(body !== undefined && { requestBody: requestBody(operation) }),
    responses: responses(operation),
  };
  routes.route(method, path, (() => "") as never, { detail, ...(query !== undefined && { query }) } as never);
}

function requestBody({ body, bodyOptional, bodyExample }: Operation): object {
  return {
    required: bodyOptional !== true,
    content: { "application/json": { schema: body, ...(bodyExample !== undefined && { example: bodyExample }) } },
  };
}

function responses(operation: Operation): object {
  const all: Record<number, DocumentedResponse> = {};
  for (const status of problemStatuses(operation)) all[status] = problemAnswer(status, operation);
  Object.assign(all, operation.responses);
  return Object.fromEntries(Object.entries(all).map(([status, answer]) => [status, response(answer)]));
}

function problemAnswer(status: number, operation: Operation): DocumentedResponse {
  const answer = problems[status]!;
  if (status !== 403 || operation.access === "root") return answer;
  return {
    ...answer,
    description: `${answer.description} One with scopes needs the ${scopesText(neededScopes(operation))}.`,
  };
}

function problemStatuses({ access, body, query, method, problems: own }: Operation): number[] {
  const statuses = [...own];
  if (access !== "public") statuses.push(401, 404, 503);
  if (access !== "public") statuses.push(403);
  if (query !== undefined) statuses.push(400, 431);
  if (query !== undefined || body !== undefined || method === "POST") statuses.push(422);
  if (body !== undefined) statuses.push(413);
  return statuses;
}

function response({ description, schema, example, contentType = "application/json" }: DocumentedResponse): object {
  if (schema === undefined) return { description };
  return { description, content: { [contentType]: { schema, ...(example !== undefined && { example }) } } };
}

/** Adds the headers that many operations take. */
function addHeaders(paths: Document["paths"], operations: readonly Operation[]): void {
  for (const { method, path, access } of operations) {
    if (access === "public") continue;
    const documented = paths[path.replace(/:([^/]+)/g, "{$1}")]![method.toLowerCase()]!;
    const headers = method === "POST" ? [environmentHeader, idempotencyHeader] : [environmentHeader];
    documented.parameters = [...(documented.parameters ?? []), ...headers];
  }
}
