import type { Facts } from "../core/facts.ts";
import { quotaNames } from "../core/quota.ts";
import { Counter, type Registry } from "./prom-client.ts";

/** Adds the count of refusals because of quotas, and counts them from facts. */
export function addQuotaMetrics(registry: Registry, facts: Facts): void {
  const exceeded = new Counter({
    name: "boathook_quota_exceeded_total",
    help: "Messages and endpoints that were refused because of a quota of their application.",
    labelNames: ["quota"],
    registers: [registry],
  });
  for (const quota of quotaNames) exceeded.labels(quota).inc(0);
  facts.on(["quota.exceeded"], ({ quota }) => exceeded.labels(quota).inc());
}
