import type { toOpenAPISchema } from "@elysiajs/openapi";
import { Elysia } from "elysia";
import { idempotencyKeyCharsMax } from "../../core/rule.ts";
import { neededScopes, scopesText } from "../identity/access.ts";
import { problems } from "./documented-problems.ts";
import { SchemaHoister } from "./openapi-schemas.ts";
import type { DocumentedResponse, Operation } from "./operation.ts";

/** The version that uses JSON Schema 2020-12, in which null is a type. */
const OPENAPI_VERSION = "3.1.1";

const tags = [
  { name: "Application", description: "Usually one of your customers. It has endpoints and messages." },
  { name: "Endpoint", description: "A URL of an application to which webhooks are sent." },
  { name: "Event type", description: "A kind of message, with optional schemas." },
  { name: "Payload version", description: "A form of the payloads. Endpoints keep theirs until they are upgraded." },
  {
    name: "Message",
    description: "An event that was accepted and is delivered to every endpoint that subscribes to it.",
  },
  { name: "Payload link", description: "The URLs in thin events, which return a payload once." },
  { name: "Door", description: "The URLs at which sources receive webhooks." },
  { name: "Message poller", description: "Fetch messages instead of receiving them as webhooks." },
  { name: "Listener", description: "WebSocket connections on which a developer's machine follows an application." },
  { name: "Message attempt", description: "An attempt to deliver a message to an endpoint." },
  { name: "System", description: "The state of the server, for operators." },
  { name: "Delivery", description: "Holds and resumes all deliveries of the installation." },
  { name: "Dead letter", description: "A delivery that failed for good." },
  {
    name: "Operational webhook",
    description: "Webhooks about the endpoints and messages of the environment itself.",
  },
  { name: "Authentication", description: "Create, change, expire and revoke tokens." },
  {
    name: "Sessions",
    description:
      "Log in with a browser, and list and end logins. The API page uses the session of its browser for requests without a token.",
  },
  {
    name: "Environment",
    description: "Isolated sets of applications, event types and tokens. Managed with the root token.",
  },
  { name: "Audit log", description: "Who changed what, and when." },
  {
    name: "Background task",
    description: "Long-running work that a request started. Poll it for progress and result.",
  },
  { name: "Statistics", description: "Reports about many applications." },
  {
    name: "Source",
    description: "Receives the webhooks of one provider, such as Stripe, and delivers them to its own endpoints.",
  },
  { name: "Overview", description: "The state of the environment at a glance." },
  { name: "Inbox", description: "A built-in receiver for testing." },
  { name: "Health", description: "Health checks and metrics." },
];

/** The header with which the root token selects an environment. */
const environmentHeader = {
  name: "boathook-environment",
  in: "header",
  required: false,
  description: "Root token only: name or `org_` id of the environment to use. Default: `default`.",
  schema: { type: "string", default: "default" },
};
const idempotencyHeader = {
  name: "idempotency-key",
  in: "header",
  required: false,
  description:
    "For 12 hours, a request with the same key, token and URL returns the first 2xx response and is not carried out again. If its body or content type differs from that of the first request, the response also has the header `boathook-idempotency: body-differs`. With the setting `idempotency-mismatch=reject`, the request instead fails with 422 and the code `idempotency_mismatch`.",
  schema: { type: "string", maxLength: idempotencyKeyCharsMax },
};

type Paths = Record<string, Record<string, { parameters?: object[] }>>;

/** Builds the OpenAPI document from the operations that are not hidden. */
export class ApiDocument {
  readonly #hoister = new SchemaHoister();
  readonly #paths: Paths = {};

  /** `generate` is the function of the library, which is loaded only for this. */
  constructor(private readonly generate: typeof toOpenAPISchema) {}

  /** Adds operations. All operations together take about 30 ms, so add only some at once. */
  add(operations: readonly Operation[]): void {
    const shown = operations.filter(({ hidden }) => !hidden);
    // These routes are used only to generate the document. If the real routes had schemas, Elysia
    // would also validate requests by its own rules.
    const routes = new Elysia();
    for (const operation of shown) addRoute(routes, operation);
    const paths = this.generate(routes, { staticFile: false }, undefined, undefined, OPENAPI_VERSION).paths as Paths;
    addHeaders(paths, shown);
    for (const [path, methods] of Object.entries(this.#hoister.hoisted(paths))) {
      this.#paths[path] = { ...this.#paths[path], ...methods };
    }
  }

  /** Returns the document. `prefix` is the path of the public URL, if it has one. */
  document(version: string, prefix = ""): object {
    return {
      openapi: OPENAPI_VERSION,
      info: {
        title: "Boathook",
        version,
        description: "Sends and receives webhooks durably. The API is compatible with the Svix API.",
        license: { name: "MIT", identifier: "MIT" },
      },
      servers: [{ url: prefix === "" ? "/" : prefix }],
      tags,
      security: [{ bearer: [] }],
      paths: this.#paths,
      components: {
        securitySchemes: { bearer: { type: "http", scheme: "bearer", description: "A token of this server." } },
        schemas: this.#hoister.schemas,
      },
    };
  }
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
  for (const status of problemStatuses(operation)) all[status] = problemResponse(status, operation);
  Object.assign(all, operation.responses);
  return Object.fromEntries(Object.entries(all).map(([status, documented]) => [status, response(documented)]));
}

function problemResponse(status: number, operation: Operation): DocumentedResponse {
  const documented = problems[status]!;
  const scopes = neededScopes(operation);
  if (status !== 403 || operation.access === "root" || scopes.length === 0) return documented;
  return {
    ...documented,
    description: `${documented.description} A token with scopes needs the ${scopesText(scopes)}.`,
  };
}

function problemStatuses({ access, body, query, method, problems: own }: Operation): number[] {
  const statuses = [...own];
  if (access !== "public") statuses.push(401, 404, 503);
  if (access !== "public") statuses.push(403);
  if (query !== undefined) statuses.push(400, 431);
  if (query !== undefined || body !== undefined || (method === "POST" && access !== "public")) statuses.push(422);
  if (body !== undefined) statuses.push(408, 413, 415);
  return statuses;
}

function response({ description, schema, example, contentType = "application/json" }: DocumentedResponse): object {
  if (schema === undefined) return { description };
  return { description, content: { [contentType]: { schema, ...(example !== undefined && { example }) } } };
}

/** Adds the headers that many operations accept. */
function addHeaders(paths: Paths, operations: readonly Operation[]): void {
  for (const { method, path, access } of operations) {
    if (access === "public") continue;
    const documented = paths[path.replace(/:([^/]+)/g, "{$1}")]![method.toLowerCase()]!;
    const headers = method === "POST" ? [environmentHeader, idempotencyHeader] : [environmentHeader];
    documented.parameters = [...(documented.parameters ?? []), ...headers];
  }
}
