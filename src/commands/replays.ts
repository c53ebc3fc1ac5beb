import { seqAt, seqBefore } from "../core/id.ts";
import { invalid } from "../core/problem.ts";
import type { ReplayData, ReplayTask } from "../deliver/tasks/replay.ts";
import type { Application, AuditActor, Endpoint, ReplayOrder, Task } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { checkEnabled } from "./resend.ts";
import { startTask } from "./tasks.ts";

type Parts = Pick<CommandContext, "store" | "seqs" | "clock" | "deliverer">;

const DAY_MS = 24 * 3_600_000;
/**
 * Maximum length of a recovery's time window, in ms. As in the Svix API, it is fourteen days, plus
 * five minutes for clients with an inaccurate clock.
 */
const RECOVER_MS_MAX = 14 * DAY_MS + 5 * 60_000;

/** The endpoint that receives the messages, its application, and who starts the task. */
export interface ReplayTarget {
  readonly application: Pick<Application, "seq" | "environmentSeq">;
  readonly endpoint: Pick<Endpoint, "seq" | "disabled">;
  readonly startedBy: AuditActor;
}

/**
 * Selects the messages that were accepted from `since` (inclusive) to `until` (exclusive). If
 * `until` is null, the window ends now.
 */
export interface ReplayWindow {
  readonly since: number;
  readonly until: number | null;
}

export type ReplayFilter = Pick<ReplayOrder, "eventTypes" | "channel" | "tag" | "status" | "responseClass">;

/**
 * Starts a task that resends the failed messages in the window: dead letters, and deliveries that
 * wait for a retry. Throws 422 if the window is longer than fourteen days, and 400 if the endpoint
 * is disabled.
 */
export async function recover(parts: Parts, target: ReplayTarget, window: ReplayWindow): Promise<Task> {
  if (window.since < (window.until ?? parts.clock.now()) - RECOVER_MS_MAX) {
    throw invalid(["body", "since"], "Must be at most 14 days before `until`, or before now if `until` is not set.");
  }
  return start(parts, "endpoint.recover", target, window);
}

/**
 * Starts a task that sends the messages in the window that match the endpoint's subscription and
 * have never been attempted. Throws 400 if the endpoint is disabled.
 */
export async function replayMissing(parts: Parts, target: ReplayTarget, window: ReplayWindow): Promise<Task> {
  return start(parts, "endpoint.replay", target, window);
}

/**
 * Starts a task that resends the messages in the window that have been attempted, regardless of the
 * result. Throws 400 if the endpoint is disabled.
 */
export async function bulkReplay(
  parts: Parts,
  target: ReplayTarget,
  window: ReplayWindow,
  filter: ReplayFilter,
): Promise<Task> {
  return start(parts, "endpoint.bulk-replay", target, window, filter);
}

function start(
  parts: Parts,
  kind: ReplayTask,
  { application, endpoint, startedBy }: ReplayTarget,
  { since, until }: ReplayWindow,
  filter: ReplayFilter = {},
): Promise<Task> {
  if (until !== null && since > until) throw invalid(["body", "since"], "Must not be after `until`.");
  checkEnabled(endpoint);
  return startTask(parts, { environmentSeq: application.environmentSeq, kind, startedBy }, (seq) => {
    const from = seqBefore(since);
    const to = until === null ? seq : Math.min(seqAt(until), seq);
    const scope = { applicationSeq: application.seq, endpointSeq: endpoint.seq, from, to };
    const data: ReplayData = { ...filter, ...scope, messagesSent: 0 };
    return { ...data };
  });
}
