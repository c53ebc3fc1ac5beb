import { Elysia } from "elysia";
import { clientAddress, type TrustedProxy } from "../../core/client-address.ts";
import type { MessageSender } from "../../core/grpc-sender.ts";
import { Sender } from "../grpc/sender.ts";
import { operationsFor, scopeResources } from "../identity/access.ts";
import { apiTokenRoutes } from "../resources/api-token/routes.ts";
import { quotaRoutes } from "../resources/application/quota.ts";
import { applicationRoutes } from "../resources/application/routes.ts";
import { attemptedRoutes } from "../resources/attempt/attempted.ts";
import { attemptListRoutes } from "../resources/attempt/list.ts";
import { attemptRoutes } from "../resources/attempt/routes.ts";
import { auditLogRoutes } from "../resources/audit-log/routes.ts";
import { portalAccessRoutes } from "../resources/authentication/portal-access.ts";
import { tokenSessionRoutes } from "../resources/authentication/session.ts";
import { backgroundTaskRoutes } from "../resources/background-task/routes.ts";
import { adminRoutes } from "../resources/dead-letter/admin.ts";
import { deadLetterRoutes } from "../resources/dead-letter/routes.ts";
import { deliveryRoutes } from "../resources/delivery/routes.ts";
import { type AddressOf, Door } from "../resources/door/door.ts";
import { doorRoutes } from "../resources/door/routes.ts";
import { endpointCancelRoutes } from "../resources/endpoint/cancel.ts";
import { endpointCertificateRoutes } from "../resources/endpoint/certificates.ts";
import { endpointConnectRoutes } from "../resources/endpoint/connect.ts";
import { endpointDetailRoutes } from "../resources/endpoint/detail.ts";
import { endpointFilterRoutes } from "../resources/endpoint/filter-test.ts";
import { endpointHeadersRoutes } from "../resources/endpoint/headers.ts";
import { endpointOauthRoutes } from "../resources/endpoint/oauth.ts";
import { environmentEndpointRoutes } from "../resources/endpoint/of-environment.ts";
import { endpointReplayRoutes } from "../resources/endpoint/replay.ts";
import { endpointRoutes } from "../resources/endpoint/routes.ts";
import { endpointSecretRoutes } from "../resources/endpoint/secret.ts";
import { sendExampleRoutes } from "../resources/endpoint/send-example.ts";
import { endpointStatsRoutes } from "../resources/endpoint/stats.ts";
import { endpointTransformationRoutes } from "../resources/endpoint/transformation.ts";
import { endpointVerifyRoutes } from "../resources/endpoint/verify.ts";
import { environmentPauseRoutes } from "../resources/environment/pause.ts";
import { environmentRoutes } from "../resources/environment/routes.ts";
import { environmentTransferRoutes } from "../resources/environment/transfer.ts";
import { eventTypeExampleRoutes } from "../resources/event-type/example.ts";
import { eventTypeImportRoutes } from "../resources/event-type/import.ts";
import { eventTypeRoutes } from "../resources/event-type/routes.ts";
import { healthRoutes } from "../resources/health/routes.ts";
import { inboxRoutes } from "../resources/inbox/routes.ts";
import { listenerRoutes } from "../resources/listener/routes.ts";
import { loginRoutes } from "../resources/login/routes.ts";
import { messageCancelRoutes } from "../resources/message/cancel.ts";
import { messageEventRoutes } from "../resources/message/events.ts";
import { messageExpungeRoutes } from "../resources/message/expunge.ts";
import { environmentMessageRoutes } from "../resources/message/of-environment.ts";
import { messagePrecheckRoutes } from "../resources/message/precheck.ts";
import { messageRawRoutes } from "../resources/message/raw.ts";
import { messageRecipientRoutes } from "../resources/message/recipients.ts";
import { messageRoutes } from "../resources/message/routes.ts";
import { moveDestinationRoutes } from "../resources/move/destination.ts";
import { moveOriginRoutes } from "../resources/move/origin.ts";
import { noticeRoutes } from "../resources/notice/routes.ts";
import { operationalObservationRoutes } from "../resources/operational-webhook/observe.ts";
import { operationalWebhookRoutes } from "../resources/operational-webhook/routes.ts";
import { payloadLinkRoutes } from "../resources/payload-link/routes.ts";
import { payloadVersionRoutes } from "../resources/payload-version/routes.ts";
import { pollerGroupRoutes } from "../resources/poller/groups.ts";
import { pollerRoutes } from "../resources/poller/routes.ts";
import { providerRoutes } from "../resources/provider/routes.ts";
import { searchRoutes } from "../resources/search/routes.ts";
import { sessionRoutes } from "../resources/session/routes.ts";
import { sourceDashboardRoutes } from "../resources/source/dashboard.ts";
import { sourceEndpointRoutes } from "../resources/source/endpoints.ts";
import { sourceLogRoutes } from "../resources/source/log.ts";
import { sourceRoutes } from "../resources/source/routes.ts";
import { sourceExampleRoutes } from "../resources/source/send-example.ts";
import { sourceTransformationRoutes } from "../resources/source/transformation.ts";
import { applicationDetailRoutes } from "../resources/statistics/application-detail.ts";
import { applicationOverviewRoutes } from "../resources/statistics/application-overview.ts";
import { overviewRoutes } from "../resources/statistics/overview.ts";
import { statisticsRoutes } from "../resources/statistics/routes.ts";
import { timeseriesRoutes } from "../resources/statistics/timeseries.ts";
import { systemRoutes } from "../resources/system/routes.ts";
import { ByteBudget } from "./byte-budget.ts";
import { type Context, createContext } from "./context.ts";
import { isOpenToAnyOrigin, preflight } from "./cors.ts";
import type { ApiDeps } from "./deps.ts";
import { Dispatcher } from "./dispatch.ts";
import { addDocument } from "./document.ts";
import { errorReply } from "./errors.ts";
import { LargeFiles } from "./large-files.ts";
import type { Operation } from "./operation.ts";
import { type Paths, pathsOf } from "./paths.ts";
import { type Reply, reply, toResponse } from "./reply.ts";
import { originalOf, pathOf, withHost, withoutPrefix } from "./request-target.ts";
import { staticPages } from "./static.ts";
import { upgradeOn, webSocketOptions } from "./web-socket.ts";

/**
 * Options for `listen`, in addition to host and port. The API itself limits the size of bodies, so
 * that it can send its own error response. An inbox may delay its response by a minute. The idle
 * timeout also ends a connection whose next request head is incomplete, because single bytes do not
 * restart it (Bun 1.4.5); for the first head the runtime waits 12 seconds. The port is never shared
 * with a second server.
 */
export const listenOptions = {
  reusePort: false,
  development: false,
  idleTimeout: 120,
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
} as const;

/** The ways in which clients reach the server. */
export interface Entrances {
  /** The routes: API, inboxes, metrics, documents and pages. */
  readonly api: Elysia;
  /** Serves the messages that are sent over gRPC. */
  readonly sender: MessageSender;
}

/** Creates the entrances of the server. Both have the same rules and limits. */
export function createApi(deps: ApiDeps): Entrances {
  const context = createContext(deps, {
    scopeResources: () => resources,
    operationsFor: (identity) => operationsFor(operations, identity),
    addressOf: (request) => (api.server === null ? "" : addressOf(api.server)(originalOf(request))),
    upgrade: (...call) => api.server !== null && upgradeOn(api.server, ...call),
  });
  const operations: readonly Operation[] = operationsOf(context);
  const resources = scopeResources(operations);
  const dispatcher = new Dispatcher(deps, context);
  const { pathPrefix: prefix = "", trustedProxies = [] } = deps;
  const addressOf = (server: AddressSource) => addressFrom(server, trustedProxies);
  const door = new Door(context);

  const api: Elysia = new Elysia({
    name: "api",
    precompile: true,
    // A host name may be a single character, so the path may begin earlier than Elysia assumes.
    handler: { standardHostname: false },
    websocket: webSocketOptions,
    serve: {
      routes: {
        // Bun's router matches paths exactly. Elysia finds the others, such as those with a trailing
        // slash.
        "/*": (request: Request) => api.fetch(withoutPrefix(withHost(request), prefix)),
        ...doorPaths(prefix, (request, server) => door.respond(request, addressOf(server))),
      },
    },
  });
  for (const operation of operations) {
    if (operation.dispatched !== false) addRoute(api, operation, dispatcher);
  }
  const files = new LargeFiles(deps.clock, ByteBudget.for(deps.settings));
  addDocument(api, { operations, version: deps.version, prefix, clock: deps.clock, files });
  api.use(staticPages(files, prefix));

  let paths: Paths | null = null;
  api.onError(({ code, error, request }) => {
    if (code !== "NOT_FOUND") return toResponse(errorReply(error, deps.log));
    if (request.method === "OPTIONS" && isOpenToAnyOrigin(request.url)) return preflight(request);
    paths ??= pathsOf(api.router.history);
    const endsWithSlash = pathOf(request.url).endsWith("/");
    const methods = endsWithSlash && changesByPath.has(request.method) ? [] : paths.methodsAt(request.url);
    return toResponse(noSuchRoute(methods));
  });
  const batch = operations.find(({ id }) => id === "v1.message.create-batch")!;
  return { api, sender: new Sender(context, batch) };
}

type Handler = (request: Request, server: Bun.Server<unknown>) => Promise<Response>;

/**
 * Returns the routes of the door. They take any method and need the request as it came, so they
 * bypass Elysia.
 */
function doorPaths(prefix: string, handler: Handler): Record<string, Handler> {
  return { "/in/*": handler, ...(prefix !== "" && { [`${prefix}/in/*`]: handler }) };
}

type AddressSource = { requestIP(request: Request): { readonly address: string } | null };

function addressFrom(server: AddressSource, trusted: readonly TrustedProxy[]): AddressOf {
  return (request) => {
    const peer = server.requestIP(request)?.address ?? "";
    return clientAddress(peer, request.headers.get("x-forwarded-for"), trusted);
  };
}

/** Returns all operations of the API. */
export function operationsOf(context: Context): readonly Operation[] {
  return [
    ...healthRoutes(context),
    ...applicationRoutes(context),
    ...quotaRoutes(context),
    ...eventTypeRoutes(context),
    ...eventTypeImportRoutes(context),
    ...eventTypeExampleRoutes(context),
    ...endpointRoutes(context),
    ...environmentEndpointRoutes(context),
    ...sendExampleRoutes(context),
    ...endpointSecretRoutes(context),
    ...endpointHeadersRoutes(context),
    ...endpointTransformationRoutes(context),
    ...endpointVerifyRoutes(context),
    ...endpointOauthRoutes(context),
    ...endpointCertificateRoutes(context),
    ...endpointReplayRoutes(context),
    ...endpointFilterRoutes(context),
    ...endpointCancelRoutes(context),
    ...endpointStatsRoutes(context),
    ...endpointConnectRoutes(context),
    ...messageRoutes(context),
    ...environmentMessageRoutes(context),
    ...messageRawRoutes(context),
    ...messageRecipientRoutes(context),
    ...messageEventRoutes(context),
    ...messageCancelRoutes(context),
    ...messageExpungeRoutes(context),
    ...messagePrecheckRoutes(context),
    ...payloadVersionRoutes(context),
    ...pollerRoutes(context),
    ...pollerGroupRoutes(context),
    ...listenerRoutes(context),
    ...attemptRoutes(context),
    ...attemptListRoutes(context),
    ...attemptedRoutes(context),
    ...deadLetterRoutes(context),
    ...operationalWebhookRoutes(context),
    ...operationalObservationRoutes(context),
    ...portalAccessRoutes(context),
    ...tokenSessionRoutes(context),
    ...sessionRoutes(context),
    ...loginRoutes(context),
    ...environmentRoutes(context),
    ...environmentPauseRoutes(context),
    ...deliveryRoutes(context),
    ...moveOriginRoutes(context),
    ...moveDestinationRoutes(context),
    ...environmentTransferRoutes(context),
    ...apiTokenRoutes(context),
    ...auditLogRoutes(context),
    ...backgroundTaskRoutes(context),
    ...adminRoutes(context),
    ...statisticsRoutes(context),
    ...timeseriesRoutes(context),
    ...sourceRoutes(context),
    ...sourceEndpointRoutes(context),
    ...sourceTransformationRoutes(context),
    ...sourceLogRoutes(context),
    ...sourceDashboardRoutes(context),
    ...sourceExampleRoutes(context),
    ...providerRoutes(context),
    ...overviewRoutes(context),
    ...searchRoutes(context),
    ...systemRoutes(context),
    ...noticeRoutes(context),
    ...applicationOverviewRoutes(context),
    ...applicationDetailRoutes(context),
    ...endpointDetailRoutes(context),
    ...inboxRoutes(context),
    ...payloadLinkRoutes(context),
    ...doorRoutes(),
  ];
}

/** Adds a route. The dispatcher reads the body itself, after authentication. */
function addRoute(api: Elysia, operation: Operation, dispatcher: Dispatcher): void {
  const respond = ({ request, params }: { request: Request; params: Record<string, string> }) =>
    dispatcher.respond(operation, request, params ?? noParams);
  // An empty last segment often means that a name is missing, as in `DELETE /app/acme/endpoint/`.
  // Elysia ignores trailing slashes, so such a change would apply to the parent. Inboxes are
  // excluded, because they accept every method, and any path after their token.
  const isChange = changesByPath.has(operation.method) && /^(?:\/ingest)?\/api\//.test(operation.path);
  const handler = isChange
    ? (call: { request: Request; params: Record<string, string> }) =>
        pathOf(call.request.url).endsWith("/") ? toResponse(noSuchRoute([])) : respond(call)
    : respond;
  api.route(operation.method, operation.path, handler as never, { parse: "none" } as never);
}

const noParams = {};

/** Methods that change the record named by the path. Their paths must not end with a slash. */
const changesByPath: ReadonlySet<string> = new Set(["DELETE", "PUT", "PATCH"]);

function noSuchRoute(methods: readonly string[]): Reply {
  if (methods.length === 0) return reply(404, { code: "not_found", detail: "No such route. See /docs." });
  const detail = `Method not allowed; use ${methods.join(", ")}.`;
  return { ...reply(405, { code: "method_not_allowed", detail }), headers: { allow: methods.join(", ") } };
}
