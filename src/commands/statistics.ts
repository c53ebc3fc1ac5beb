import type { Seq } from "../core/id.ts";
import { invalid } from "../core/problem.ts";
import { type AggregateData, APP_STATS, type AppStatsData, EVENT_TYPE_AGGREGATE } from "../deliver/tasks/usage.ts";
import type { AuditActor, Task } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { startTask } from "./tasks.ts";

type Parts = Pick<CommandContext, "store" | "seqs" | "clock" | "deliverer">;

/** Starts a task that reports which event types the endpoints of each application subscribe to. */
export function aggregateEventTypes(parts: Parts, environmentSeq: Seq, startedBy: AuditActor): Promise<Task> {
  const data: AggregateData = { from: 0, event_types: [] };
  return startTask(parts, { environmentSeq, kind: EVENT_TYPE_AGGREGATE, startedBy }, () => ({ ...data }));
}

/**
 * Starts a task that counts, by application, the attempts that ended from `since` (inclusive) to
 * `until` (exclusive). If `applicationSeqs` is null, all applications are counted. Throws 422 if
 * `until` is before `since`.
 */
export async function aggregateApplicationStatistics(
  parts: Parts,
  environmentSeq: Seq,
  wanted: Pick<AppStatsData, "since" | "until" | "applicationSeqs">,
  startedBy: AuditActor,
): Promise<Task> {
  if (wanted.since > wanted.until) throw invalid(["body", "until"], "Must not be before `since`.");
  const data: AppStatsData = { ...wanted, from: 0, appStats: [] };
  return startTask(parts, { environmentSeq, kind: APP_STATS, startedBy }, () => ({ ...data }));
}
