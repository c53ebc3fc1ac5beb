import type { Facts } from "../core/facts.ts";
import { outcomes, type ReceivedOutcome } from "../core/received.ts";
import { addGaugeBy } from "./gauge.ts";
import { Counter, type Registry } from "./prom-client.ts";

/** Maximum number of sources with series of their own. Further sources share one series. */
const SOURCES_MAX = 1000;
/** A uid or an id of a source never contains this character. */
const OTHER_SOURCES = "(other)";

/** Adds the counts of the requests to sources, counted from facts, and of their connections to queues. */
export function addReceivedMetrics(
  registry: Registry,
  facts: Facts,
  connections: () => Readonly<Record<string, number>>,
): void {
  const gauge = {
    name: "boathook_source_connections",
    help: "Connections of sources to their queues, by state: connected, connecting or failed.",
    label: "state",
  };
  addGaugeBy(registry, gauge, connections);
  // Plain numbers are counted, because this code runs for every request.
  const bySource = new Map<string, Record<ReceivedOutcome, number>>();
  const countsOf = (source: string) => {
    let counts = bySource.get(source);
    if (counts !== undefined) return counts;
    if (bySource.size >= SOURCES_MAX && source !== OTHER_SOURCES) return countsOf(OTHER_SOURCES);
    counts = { stored: 0, duplicate: 0, refused: 0, limited: 0, handshake: 0 };
    bySource.set(source, counts);
    return counts;
  };
  new Counter({
    name: "boathook_received_total",
    help: "Requests to sources by outcome. The source is its uid, or its id if it has none.",
    labelNames: ["source", "outcome"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [source, counts] of bySource) {
        for (const outcome of outcomes) this.inc({ source, outcome }, counts[outcome]);
      }
    },
  });
  facts.on(["source.received"], ({ source, outcome }) => countsOf(source)[outcome]++);
}
