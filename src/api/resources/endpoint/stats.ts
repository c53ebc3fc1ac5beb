import { type Static, Type } from "@sinclair/typebox";
import { WEBSOCKET_URL } from "../../../core/endpoint-url/websocket.ts";
import { Problem } from "../../../core/problem.ts";
import { countAttempts } from "../../../store/count.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { instant } from "../../http/query.ts";
import { reply } from "../../http/reply.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const RANGE_MS = 28 * 24 * HOUR_MS;
/** Tolerance for clients that compute `since` from their own clock. */
const RANGE_GRACE_MS = 5 * MINUTE_MS;

export const EndpointStats = field.object("EndpointStats", {
  success: Type.Integer(),
  pending: Type.Integer({ description: "Always 0: attempts are counted when they end." }),
  sending: Type.Integer({ description: "Always 0: attempts are counted when they end." }),
  fail: Type.Integer(),
  canceled: Type.Integer({ description: "Always 0: attempts are counted when they end." }),
  consumers: Type.Optional(
    Type.Integer({ description: "Connected consumers. Absent unless the URL of the endpoint is `websocket:`." }),
  ),
});

const EndpointAttemptStats = field.object("EndpointAttemptStats", {
  success: Type.Integer(),
  fail: Type.Integer(),
  canceled: Type.Integer({ description: "Always 0: attempts are counted when they end." }),
});

const range = Type.Object({
  since: Type.Optional(instant("Count attempts from this instant on. Defaults to 28 days before `until`.")),
  until: Type.Optional(instant("Count attempts before this instant. Defaults to now.")),
});

export function endpointStatsRoutes({ store, lookup, clock, socketConsumers }: Context): Operation[] {
  const shared = {
    method: "GET",
    tag: "Endpoint",
    description: "Covers at most 28 days, and by default the last 28 days.",
    access: "application",
    query: range,
    problems: [400, 404],
  } as const;
  const path = "/api/v1/app/:app_id/endpoint/:endpoint_id";

  /**
   * Returns the range. If `until` is absent, the range includes attempts that end in the current
   * millisecond.
   */
  function rangeOf({ since, until }: Static<typeof range>): { since: number; until: number } {
    const now = clock.now();
    if (until !== undefined && until > now) throw invalidRange("`until` must not be in the future.");
    const end = until ?? now + 1;
    const start = since ?? end - RANGE_MS;
    if (start > end) throw invalidRange("`since` must not be after `until`.");
    if (end - start > RANGE_MS + RANGE_GRACE_MS) throw invalidRange("The range must not exceed 28 days.");
    return { since: start, until: end };
  }

  return [
    operation({
      ...shared,
      id: "v1.endpoint.get-stats",
      path: `${path}/stats`,
      summary: "Count the attempts of an endpoint by outcome",
      responses: {
        200: {
          description: "The counts.",
          schema: EndpointStats,
          example: { success: 120, pending: 0, sending: 0, fail: 3, canceled: 0 },
        },
      },
      async handle({ identity, params, query }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const { since, until } = rangeOf(query);
        const { delivered, failed } = await countAttempts(store, clock, endpoint.seq, since, until);
        const counts = { success: delivered, pending: 0, sending: 0, fail: failed, canceled: 0 };
        const hasConsumers = endpoint.url === WEBSOCKET_URL;
        return reply(200, { ...counts, ...(hasConsumers && { consumers: socketConsumers.countOf(endpoint.seq) }) });
      },
    }),

    operation({
      ...shared,
      id: "v1.endpoint.get-attempt-stats",
      path: `${path}/attempt-stats`,
      summary: "Count the attempts of an endpoint over whole hours",
      description: `${shared.description} The range is extended to whole hours.`,
      responses: {
        200: {
          description: "The counts.",
          schema: EndpointAttemptStats,
          example: { success: 120, fail: 3, canceled: 0 },
        },
      },
      async handle({ identity, params, query }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const { since, until } = rangeOf(query);
        const { delivered, failed } = await countAttempts(
          store,
          clock,
          endpoint.seq,
          Math.floor(since / HOUR_MS) * HOUR_MS,
          Math.ceil(until / HOUR_MS) * HOUR_MS,
        );
        return reply(200, { success: delivered, fail: failed, canceled: 0 });
      },
    }),
  ];
}

function invalidRange(detail: string): Problem {
  return new Problem(400, "invalid_range", detail);
}
