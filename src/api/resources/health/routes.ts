import { type Static, Type } from "@sinclair/typebox";
import type { Context } from "../../http/context.ts";
import { corsHeaders } from "../../http/cors.ts";
import { unauthenticated } from "../../http/errors.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, type Reply, reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import { svixSdkOf } from "../../http/svix-sdk.ts";
import { hasBearerToken } from "../../identity/auth.ts";

const Disk = field.object("HealthDisk", {
  freeBytes: nullable(
    Type.Integer({ minimum: 0, description: "Free space on the disk of the data directory; null if it is not known." }),
  ),
});

const HealthOut = field.object("HealthOut", {
  status: Type.String({
    enum: ["ok", "degraded", "starting", "failing"],
    description:
      "`degraded`: requests are served, but something needs attention. `starting`: the start has not finished, and requests are refused until then. `failing`: the store does not work.",
  }),
  store: Type.String({
    enum: ["ok", "damaged", "failing"],
    description:
      "`failing`: the last commit or read of the database failed. `damaged`: a read since the start found damaged data.",
  }),
  disk: Disk,
  delivery: Type.String({
    enum: ["running", "held"],
    description: "`held`: messages are accepted and stored, but nothing is sent.",
  }),
  replica: nullable(
    Type.String({
      enum: ["ok", "behind", "failed"],
      description:
        "`behind`: the replica lacks commits of the last seconds, or has no complete copy of the data yet. `failed`: it cannot be written. Null if no replica is configured.",
    }),
  ),
  version: Type.String(),
});

type Health = Static<typeof HealthOut>;

function exampleOf(status: "ok" | "failing"): Health {
  return {
    status,
    store: status,
    disk: { freeBytes: 81_203_400_704 },
    delivery: "running",
    replica: null,
    version: "1.0.0",
  };
}

export function healthRoutes(context: Context): Operation[] {
  const { store, deliverer, metrics, metricsToken, version } = context;
  const isStarting = context.isStarting ?? (() => false);
  const tag = "Health";

  async function check(request: Request): Promise<Reply> {
    const { housekeeping } = store;
    // The result of this read becomes part of the store's health.
    await housekeeping.ping().catch(() => {});
    const { failing, damaged } = await housekeeping.health();
    const starting = isStarting();
    // The Svix API sends no body here, and its SDKs for Java and Kotlin fail if there is one.
    if (!failing && !starting && svixSdkOf(request) !== null) return noContent;
    const freeBytes = await housekeeping.diskFreeBytes();
    const replica = store.replica?.state().status ?? null;
    const health: Health = {
      status: failing ? "failing" : starting ? "starting" : damaged || (replica ?? "ok") !== "ok" ? "degraded" : "ok",
      store: failing ? "failing" : damaged ? "damaged" : "ok",
      disk: { freeBytes },
      delivery: deliverer.isHeld ? "held" : "running",
      replica,
      version,
    };
    return reply(failing || starting ? 503 : 200, health);
  }

  const get = (method: "GET" | "HEAD") =>
    operation({
      id: method === "GET" ? "v1.health.get" : "v1.health.head",
      method,
      path: "/api/v1/health",
      tag,
      summary: "Check whether the server can read and write its store",
      access: "public",
      ...(method === "HEAD" && { hidden: true }),
      responses: {
        200: { description: "The store can be read and written.", schema: HealthOut, example: exampleOf("ok") },
        204: {
          description: "The store can be read and written. Svix SDKs get this status because they expect no body.",
        },
        503: {
          description: "The last commit or read of the database failed, or the server is starting.",
          schema: HealthOut,
          example: exampleOf("failing"),
        },
      },
      problems: [],
      handle: ({ request }) => check(request),
    });

  const ping = (method: "GET" | "HEAD") =>
    operation({
      id: method === "GET" ? "v1.health.ping" : "v1.health.ping-head",
      method,
      path: "/api/v1/health/ping",
      tag,
      summary: "Check whether the server is running",
      access: "public",
      ...(method === "HEAD" && { hidden: true }),
      responses: { 204: { description: "The server is running. It may still be starting." } },
      problems: [],
      handle: () => noContent,
    });

  return [
    get("GET"),
    get("HEAD"),
    ping("GET"),
    ping("HEAD"),
    operation({
      id: "metrics.get",
      method: "GET",
      path: "/metrics",
      tag,
      summary: "Get the metrics for Prometheus",
      description: "Requires the `metrics-token` as a bearer token if one is configured.",
      access: "public",
      responses: {
        200: {
          description: "Metrics in the text format of Prometheus.",
          contentType: "text/plain",
          schema: Type.String(),
          example: "boathook_messages_accepted_total 1\n",
        },
      },
      problems: [401],
      async handle({ request }) {
        const token = metricsToken();
        if (token !== null && !hasBearerToken(request, token)) throw unauthenticated("Invalid token");
        return new Response(await metrics.text(), { headers: { "content-type": metrics.contentType, ...corsHeaders } });
      },
    }),
  ];
}
