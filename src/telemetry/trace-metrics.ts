import type { Facts } from "../core/facts.ts";
import { Counter, type Registry } from "./prom-client.ts";

/** Adds the counts of exported and dropped spans, and counts them from facts. */
export function addTraceMetrics(registry: Registry, facts: Facts): void {
  const registers = [registry];
  const exported = new Counter({
    name: "boathook_spans_exported_total",
    help: "Spans of traces that the collector has accepted.",
    registers,
  });
  const dropped = new Counter({
    name: "boathook_spans_dropped_total",
    help: "Spans of traces that were dropped because the collector is slow, down or refuses them.",
    registers,
  });
  facts.on(["spans.exported"], ({ count }) => exported.inc(count));
  facts.on(["spans.dropped"], ({ count }) => dropped.inc(count));
}
