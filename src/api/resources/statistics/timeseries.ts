import { Type } from "@sinclair/typebox";
import type { Seq } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import { invalid } from "../../../core/problem.ts";
import {
  bucketStart,
  type Counts,
  HOUR_MS,
  MINUTE_MS,
  MINUTES_KEPT_MS,
  NO_COUNTS,
  percentile,
  type SeriesRow,
  sumOfCounts,
} from "../../../core/series.ts";
import { formatDuration, parseDuration } from "../../../core/unit.ts";
import { Turns } from "../../../store/turns.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { instant } from "../../http/query.ts";
import { reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import type { Identity } from "../../identity/identity.ts";

const STEPS = ["1m", "5m", "15m", "1h", "6h", "1d"] as const;
const POINTS_MAX = 2000;
/** Maximum number of stored periods that are read in one turn of the event loop. */
const BUCKETS_AT_ONCE = 500;
const DAY_MS = 24 * HOUR_MS;

const count = (description: string) => Type.Integer({ description });

const countsOut = {
  startAt: field.instantOut,
  accepted: count("Accepted messages."),
  attempts: count("Attempts."),
  failed: count("Failed attempts."),
  delivered: count("Successful deliveries."),
  dead: count("Deliveries that became dead letters."),
  p50Ms: nullable(Type.Number({ description: "Median duration of an attempt, estimated." })),
  p95Ms: nullable(Type.Number({ description: "95th percentile of the duration of an attempt, estimated." })),
};

export const TimeseriesOut = field.object("TimeseriesOut", {
  step: Type.String({ description: "Length of a period." }),
  total: field.object("TimeseriesTotal", countsOut, {
    description: "All periods together. `startAt` is the start of the first one.",
  }),
  data: Type.Array(field.object("TimeseriesPoint", countsOut), {
    description:
      "One entry per period, oldest first, also for periods without traffic. The last period may not be over yet.",
  }),
});

const query = Type.Object({
  step: Type.Optional(Type.String({ enum: [...STEPS], default: "1h", description: "Length of a period." })),
  since: Type.Optional(instant("Start of the first period. The default is 24 hours ago.")),
  until: Type.Optional(instant("End of the last period. The default is now.")),
  app_id: Type.Optional(Type.String({ description: "Count only this application (id or uid)." })),
  endpoint_id: Type.Optional(Type.String({ description: "Count only this endpoint (id or uid) of `app_id`." })),
});

const examplePoint = {
  startAt: "2026-01-01T00:00:00.000Z",
  ...{ accepted: 120, attempts: 125, failed: 5, delivered: 120, dead: 0, p50Ms: 23.5, p95Ms: 180 },
};

const example = { step: "1h", total: examplePoint, data: [examplePoint] };

interface Range {
  readonly stepMs: number;
  readonly from: number;
  readonly to: number;
}

export function timeseriesRoutes({ series, lookup, clock }: Context): Operation[] {
  const turns = new Turns(clock);

  async function scopeOf(identity: Identity, app: string | undefined, endpoint: string | undefined): Promise<Seq> {
    if (app === undefined) {
      if (endpoint !== undefined) throw invalid(["query", "app_id"], "This field is required with `endpoint_id`.");
      return identity.environmentSeq;
    }
    if (endpoint === undefined) return (await lookup.application(identity, app)).seq;
    return (await lookup.both(identity, app, endpoint)).endpoint.seq;
  }

  return [
    operation({
      id: "statistics.timeseries",
      method: "GET",
      path: "/api/v1/stats/timeseries",
      tag: "Statistics",
      summary: "Get counts over time",
      description:
        "Messages, attempts, deliveries and dead letters per period, of the environment, of an application or of an endpoint. The counts of the environment leave out operational webhooks. Periods shorter than an hour exist for the environment and for the last 3 days, longer ones for the last 100 days. A crash of the server may lose the counts of its last 10 seconds.",
      access: "environment",
      query,
      responses: { 200: { description: "The counts.", schema: TimeseriesOut, example } },
      problems: [404, 422],
      async handle({ identity, query: { step = "1h", since, until, app_id, endpoint_id } }) {
        const range = rangeOf(parseDuration(step)!, since, until, clock.now());
        const scopeSeq = await scopeOf(identity, app_id, endpoint_id);
        if (range.stepMs < HOUR_MS && app_id !== undefined) {
          throw invalid(["query", "step"], "Must be at least 1h for an application or an endpoint.");
        }
        const bucketMs = range.stepMs < HOUR_MS ? MINUTE_MS : HOUR_MS;
        const sums = new Map<number, Counts>();
        for (let from = range.from; from < range.to; from += BUCKETS_AT_ONCE * bucketMs) {
          if (from > range.from) await turns.next();
          const to = Math.min(from + BUCKETS_AT_ONCE * bucketMs, range.to);
          addRows(sums, await series.read(scopeSeq, bucketMs, from, to), range);
        }
        const total = pointOf(range.from, [...sums.values()].reduce(sumOfCounts, NO_COUNTS));
        return reply(200, { step: formatDuration(range.stepMs), total, data: pointsOf(sums, range) });
      },
    }),
  ];
}

function rangeOf(stepMs: number, since: number | undefined, until: number | undefined, now: number): Range {
  const to = bucketStart((until ?? now) + stepMs - 1, stepMs);
  const from = bucketStart(since ?? now - DAY_MS, stepMs);
  if (from >= to) throw invalid(["query", "since"], "Must be before `until`.");
  if (stepMs < HOUR_MS && from < now - MINUTES_KEPT_MS - stepMs) {
    throw invalid(["query", "since"], "Must be within the last 3 days with steps shorter than 1h.");
  }
  if ((to - from) / stepMs > POINTS_MAX) {
    throw invalid(["query", "since"], `Must be at most ${POINTS_MAX} steps before \`until\`; use a longer step.`);
  }
  return { stepMs, from, to };
}

function addRows(sums: Map<number, Counts>, rows: readonly SeriesRow[], { stepMs }: Range): void {
  for (const row of rows) {
    const startAt = bucketStart(row.startAt, stepMs);
    sums.set(startAt, sumOfCounts(sums.get(startAt) ?? NO_COUNTS, row));
  }
}

function pointsOf(sums: ReadonlyMap<number, Counts>, { stepMs, from, to }: Range) {
  return Array.from({ length: (to - from) / stepMs }, (_, i) => {
    const startAt = from + i * stepMs;
    return pointOf(startAt, sums.get(startAt) ?? NO_COUNTS);
  });
}

function pointOf(startAt: number, { durations, ...counts }: Counts) {
  const { accepted, attempts, failed, delivered, dead } = counts;
  const times = { p50Ms: rounded(percentile(durations, 0.5)), p95Ms: rounded(percentile(durations, 0.95)) };
  return { startAt: formatInstant(startAt), accepted, attempts, failed, delivered, dead, ...times };
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 10) / 10;
}
