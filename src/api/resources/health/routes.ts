import { Type } from "@sinclair/typebox";
import { StoreUnavailable } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import { corsHeaders } from "../../http/cors.ts";
import { unauthenticated } from "../../http/errors.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, type Reply, reply } from "../../http/reply.ts";
import { svixSdkOf } from "../../http/svix-sdk.ts";
import { hasBearerToken } from "../../identity/auth.ts";

const Part = field.object("HealthPart", { status: Type.String({ enum: ["ok", "error"] }) });
const HealthOut = field.object("HealthOut", { status: Type.String(), database: Part, queue: Part, cache: Part });

/** The parts are those in the Svix API. All of them depend on the store. */
function health(status: "ok" | "error") {
  return { status, database: { status }, queue: { status }, cache: { status } };
}

export function healthRoutes(context: Context): Operation[] {
  const { store, metrics, settings } = context;
  const tag = "Health";

  async function check(request: Request): Promise<Reply> {
    try {
      await store.housekeeping.ping();
      // The Svix API sends no body here, and its SDKs for Java and Kotlin fail if there is one.
      return svixSdkOf(request) === null ? reply(200, health("ok")) : noContent;
    } catch (error) {
      if (error instanceof StoreUnavailable) return reply(503, health("error"));
      throw error;
    }
  }

  const get = (method: "GET" | "HEAD") =>
    operation({
      id: method === "GET" ? "v1.health.get" : "v1.health.head",
      method,
      path: "/api/v1/health",
      tag,
      summary: "Check whether the server works",
      access: "public",
      ...(method === "HEAD" && { hidden: true }),
      responses: {
        200: { description: "The store can be read.", schema: HealthOut, example: health("ok") },
        204: { description: "The store can be read (for Svix SDKs)." },
        503: { description: "The store cannot be read.", schema: HealthOut, example: health("error") },
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
      responses: { 204: { description: "The server is running." } },
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
        const token = settings.metricsToken;
        if (token !== null && !hasBearerToken(request, token)) throw unauthenticated("Invalid token");
        return new Response(await metrics.text(), { headers: { "content-type": metrics.contentType, ...corsHeaders } });
      },
    }),
  ];
}
