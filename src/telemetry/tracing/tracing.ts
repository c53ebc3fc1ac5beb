import type { Facts } from "../../core/facts.ts";
import type { IdCodec } from "../../core/id.ts";
import type { Service } from "../../core/service.ts";
import type { Tracer } from "../../core/tracer.ts";
import type { Clock, Random } from "../../ports.ts";
import { otlpForms } from "./otlp.ts";
import { type PostToCollector, SpanExporter } from "./span-exporter.ts";
import { SpanRecorder } from "./span-recorder.ts";

export interface TracingParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly facts: Facts;
  readonly ids: IdCodec;
  readonly idSeed: readonly number[];
  readonly version: string;
  readonly protocol: keyof typeof otlpForms;
  /** Share of the traces beginning here that is recorded, from 0 to 1. */
  readonly share: number;
  readonly post: PostToCollector;
}

/** Creates the recorder of spans and the service that exports them. */
export function createTracing({ clock, random, facts, ids, idSeed, version, protocol, share, post }: TracingParts): {
  readonly tracer: Tracer;
  readonly exporter: Service;
} {
  const origin = {
    resource: { "service.name": "boathook", "service.version": version },
    scope: { name: "boathook", version },
  };
  const exporter = new SpanExporter(clock, facts, otlpForms[protocol], origin, post);
  const seed = Buffer.from(idSeed.join(","));
  const tracer = new SpanRecorder({
    ids,
    seed,
    share,
    sink: exporter,
    now: preciseNow(clock),
    random: () => random.next(),
  });
  return { tracer, exporter };
}

/** Difference from the wall clock above which the precise time follows it, in ms. */
const DRIFT_MS_MAX = 5;

/** Returns a function that returns the time of the wall clock with fractions of ms. */
function preciseNow(clock: Clock): () => number {
  let aheadMs = clock.now() - clock.steady();
  return () => {
    const now = clock.steady() + aheadMs;
    const wall = clock.now();
    if (Math.abs(now - wall) <= DRIFT_MS_MAX) return now;
    aheadMs = wall - clock.steady();
    return wall;
  };
}
