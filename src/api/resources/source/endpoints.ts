/**
 * The endpoints of a source. They are the endpoints of the application behind the source, so each
 * operation is that of an application's endpoint at another path.
 */
import type { ScopeName } from "../../../core/scope.ts";
import type { Context } from "../../http/context.ts";
import type { Call, Operation } from "../../http/operation.ts";
import { noContent } from "../../http/reply.ts";
import { endpointConnectRoutes } from "../endpoint/connect.ts";
import { endpointFilterRoutes } from "../endpoint/filter-test.ts";
import { endpointHeadersRoutes } from "../endpoint/headers.ts";
import { endpointRoutes } from "../endpoint/routes.ts";
import { endpointSecretRoutes } from "../endpoint/secret.ts";
import { endpointVerifyRoutes } from "../endpoint/verify.ts";

const APPLICATION_PATH = "/api/v1/app/:app_id/";
const SOURCE_PATH = "/ingest/api/v1/source/:source_id/";

/** The id of each operation for sources, by the id of the operation for applications. */
const IDS: Readonly<Record<string, string>> = {
  "v1.endpoint.list": "v1.ingest.endpoint.list",
  "v1.endpoint.create": "v1.ingest.endpoint.create",
  "v1.endpoint.get": "v1.ingest.endpoint.get",
  "v1.endpoint.update": "v1.ingest.endpoint.upsert",
  "v1.endpoint.patch": "ingest.endpoint.patch",
  "v1.endpoint.delete": "v1.ingest.endpoint.delete",
  "v1.endpoint.get-secret": "v1.ingest.endpoint.get-secret",
  "v1.endpoint.rotate-secret": "v1.ingest.endpoint.rotate-secret",
  "v1.endpoint.get-headers": "v1.ingest.endpoint.get-headers",
  "v1.endpoint.update-headers": "v1.ingest.endpoint.set-headers",
  "v1.endpoint.patch-headers": "ingest.endpoint.patch-headers",
  "endpoint.filter-test": "ingest.endpoint.filter-test",
  "endpoint.filter-preview": "ingest.endpoint.filter-preview",
  "endpoint.verify": "ingest.endpoint.verify",
  "endpoint.connect": "ingest.endpoint.connect",
};

export function sourceEndpointRoutes(context: Context): Operation[] {
  const all = [
    ...endpointRoutes(context),
    ...endpointSecretRoutes(context),
    ...endpointHeadersRoutes(context),
    ...endpointFilterRoutes(context),
    ...endpointVerifyRoutes(context),
    ...endpointConnectRoutes(context),
  ];
  return all.flatMap((operation) => {
    const id = IDS[operation.id];
    return id === undefined ? [] : [ofSource(context, operation, id)];
  });
}

/** The scopes for sources, by those for applications. */
const SCOPES: Readonly<Partial<Record<ScopeName, ScopeName>>> = {
  "endpoint:Read": "ingest:Read",
  "endpoint:Write": "ingest:Write",
};

function scopeOfSource(name: ScopeName): ScopeName {
  return SCOPES[name] ?? name;
}

/** Returns an operation on an application's endpoint as an operation on a source's endpoint. */
function ofSource({ ids, lookup }: Context, operation: Operation, id: string): Operation {
  // The SDKs expect no body after the rotation of a secret, unlike that of an application's endpoint.
  const isRotation = id === "v1.ingest.endpoint.rotate-secret";
  const responses = Object.entries(operation.responses).filter(([status]) => !isRotation || status !== "200");
  return {
    ...operation,
    id,
    path: operation.path.replace(APPLICATION_PATH, SOURCE_PATH),
    tag: "Source",
    summary: operation.summary.replace(/endpoints?/, "$& of a source"),
    responses: Object.fromEntries(responses),
    ...(operation.scopes && { scopes: operation.scopes.map(scopeOfSource) }),
    async handle(call) {
      const { identity, params } = call as unknown as Call;
      const source = await lookup.source(identity, params.source_id!);
      const own = { ...params, app_id: ids.encode("app_", source.applicationSeq) };
      const response = await operation.handle({ ...(call as Call), params: own } as never);
      return isRotation ? noContent : response;
    },
  };
}
