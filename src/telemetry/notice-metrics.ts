import type { Facts } from "../core/facts.ts";
import { noticeChannelNames } from "../core/notice.ts";
import { Counter, type Registry } from "./prom-client.ts";

export function addNoticeMetrics(registry: Registry, facts: Facts): void {
  const notices = new Counter({
    name: "boathook_notices_total",
    help: "Attempts to send a notice, by channel and outcome: sent or failed.",
    labelNames: ["channel", "outcome"],
    registers: [registry],
  });
  for (const channel of noticeChannelNames) {
    for (const outcome of ["sent", "failed"]) notices.labels(channel, outcome).inc(0);
  }
  facts.on(["notice.sent"], ({ channel }) => notices.labels(channel, "sent").inc());
  facts.on(["notice.failed"], ({ channel }) => notices.labels(channel, "failed").inc());
}
