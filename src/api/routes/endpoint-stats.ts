import { Type } from "@sinclair/typebox";
import { Problem } from "../../core/problem.ts";
import { countAttempts } from "../../store/count.ts";
import type { Context } from "../context.ts";
import * as field from "../fields.ts";
import { type Operation, operation } from "../operation.ts";
import { instant } from "../query.ts";
import { reply } from "../reply.ts";

const MINUTE_MS = 60_000;
const RANGE_MS = 28 * 24 * 60 * MINUTE_MS;
/** Those who work out `since` themselves are a little late when the request comes. */
const RANGE_GRACE_MS = 5 * MINUTE_MS;

const EndpointStats = field.object("EndpointStats", {
  success: Type.Integer(),
  pending: Type.Integer({ description: "Always 0: an attempt is counted when it has ended." }),
  sending: Type.Integer({ description: "Always 0, likewise." }),
  fail: Type.Integer(),
  canceled: Type.Integer({ description: "Always 0, likewise." }),
});

export function endpointStatsRoutes({ store, lookup, clock }: Context): Operation[] {
  return [
    operation({
      id: "v1.endpoint.get-stats",
      method: "GET",
      path: "/api/v1/app/:app_id/endpoint/:endpoint_id/stats",
      tag: "Endpoint",
      summary: "Count the attempts of an endpoint by their outcome",
      description: "Of the last 28 days unless told otherwise; of 28 days at most.",
      access: "application",
      query: Type.Object({
        since: Type.Optional(instant("From this instant on; by default 28 days before `until`.")),
        until: Type.Optional(instant("Before this instant; by default now.")),
      }),
      answers: {
        200: {
          description: "The counts.",
          schema: EndpointStats,
          example: { success: 120, pending: 0, sending: 0, fail: 3, canceled: 0 },
        },
      },
      problems: [400, 404],
      async handle({ identity, params, query }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const now = clock.now();
        const until = query.until ?? now + 1;
        const since = query.since ?? until - RANGE_MS;
        if (query.until !== undefined && query.until > now) throw invalidRange("`until` may not be in the future.");
        if (since > until) throw invalidRange("`since` may not be after `until`.");
        if (until - since > RANGE_MS + RANGE_GRACE_MS) throw invalidRange("At most 28 days may be asked for.");
        const { delivered, failed } = await countAttempts(store, clock, endpoint.seq, since, until);
        return reply(200, { success: delivered, pending: 0, sending: 0, fail: failed, canceled: 0 });
      },
    }),
  ];
}

function invalidRange(detail: string): Problem {
  return new Problem(400, "invalid_range", detail);
}
