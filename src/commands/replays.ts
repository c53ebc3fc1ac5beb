import { type Seq, seqAt, seqBefore, timeOfSeq } from "../core/id.ts";
import { invalid } from "../core/problem.ts";
import { nextReplayable, REPLAYS, type ReplayData, type ReplayTask, STEP_MESSAGES } from "../deliver/tasks/replay.ts";
import type { Application, AuditActor, Endpoint, ReplayOrder, Task } from "../store/index.ts";
import type { Turns } from "../store/turns.ts";
import type { CommandContext } from "./context.ts";
import { checkEnabled } from "./resend.ts";
import { startTask } from "./tasks.ts";

type Parts = Pick<CommandContext, "store" | "seqs" | "clock" | "deliverer">;

/** Numbers of messages, found and read, at which a preview stops counting. */
const PREVIEW_FOUND_MAX = 10_000;
const PREVIEW_READ_MAX = 100_000;
const DAY_MS = 24 * 3_600_000;
/**
 * Maximum length of a recovery's time window, in ms. As in the Svix API, it is fourteen days, plus
 * five minutes for clients with an inaccurate clock.
 */
const RECOVER_MS_MAX = 14 * DAY_MS + 5 * 60_000;

/** The endpoint that receives the messages, its application, and who starts the task. */
export interface ReplayTarget {
  readonly application: Pick<Application, "seq" | "environmentSeq">;
  readonly endpoint: Pick<Endpoint, "seq" | "disabled" | "eventTypes" | "channels" | "filter">;
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
 * wait for a retry. Skips those that the endpoint's filter does not match now. Throws 422 if the window is longer than fourteen days, and 400 if the endpoint
 * is disabled.
 */
export async function recover(parts: Parts, target: ReplayTarget, window: ReplayWindow): Promise<Task> {
  checkRecovery(window, parts.clock.now());
  return start(parts, "endpoint.recover", target, window);
}

/**
 * Starts a task that sends the messages in the window that match the endpoint's subscription and
 * filter and have never been attempted. Throws 400 if the endpoint is disabled.
 */
export async function replayMissing(parts: Parts, target: ReplayTarget, window: ReplayWindow): Promise<Task> {
  return start(parts, "endpoint.replay", target, window);
}

/**
 * Starts a task that resends the messages in the window that have been attempted, regardless of the
 * result. Skips those that the endpoint's filter does not match now. Throws 400 if the endpoint is disabled.
 */
export async function bulkReplay(
  parts: Parts,
  target: ReplayTarget,
  window: ReplayWindow,
  filter: ReplayFilter,
): Promise<Task> {
  return start(parts, "endpoint.bulk-replay", target, window, filter);
}

/** How many messages a replay would send. */
export interface ReplayPreview {
  readonly count: number;
  /** Whether the count stopped at a limit, so that there may be more. */
  readonly more: boolean;
}

/**
 * Counts the messages that a replay would send, in steps that each take one turn of the event loop.
 * Stops at a limit. Throws as the replay would.
 */
export async function previewReplay(
  { store, clock, seqs, turns }: Pick<Parts, "store" | "clock" | "seqs"> & { readonly turns: Turns },
  kind: ReplayTask,
  target: Omit<ReplayTarget, "startedBy">,
  window: ReplayWindow,
  filter: ReplayFilter = {},
): Promise<ReplayPreview> {
  const now = clock.now();
  if (kind === "endpoint.recover") checkRecovery(window, now);
  checkWindow(window);
  checkEnabled(target.endpoint);
  const end = Math.max(seqAt(now + 1), seqs.last + 1);
  const order = { ...filter, ...scopeOf(target, window, end), which: REPLAYS[kind], askedAt: timeOfSeq(end - 1), now };
  let { from } = order;
  let count = 0;
  for (let read = 0; read < PREVIEW_READ_MAX && count < PREVIEW_FOUND_MAX; read += STEP_MESSAGES) {
    if (read > 0) await turns.next();
    const { rows, last } = await nextReplayable(store, target.endpoint, { ...order, from }, turns);
    count += rows.length;
    if (last === null) return { count, more: false };
    from = last;
  }
  return { count, more: true };
}

function start(
  parts: Parts,
  kind: ReplayTask,
  target: ReplayTarget,
  window: ReplayWindow,
  filter: ReplayFilter = {},
): Promise<Task> {
  checkWindow(window);
  checkEnabled(target.endpoint);
  const { application, startedBy } = target;
  return startTask(parts, { environmentSeq: application.environmentSeq, kind, startedBy }, (seq) => {
    const data: ReplayData = { ...filter, ...scopeOf(target, window, seq), messagesSent: 0 };
    return { ...data };
  });
}

/** Returns which messages a replay reads: those of the window that were accepted before number `end`. */
function scopeOf(
  { application, endpoint }: Pick<ReplayTarget, "application" | "endpoint">,
  { since, until }: ReplayWindow,
  end: Seq,
) {
  const to = until === null ? end : Math.min(seqAt(until), end);
  return { applicationSeq: application.seq, endpointSeq: endpoint.seq, from: seqBefore(since), to };
}

function checkWindow({ since, until }: ReplayWindow): void {
  if (until !== null && since > until) throw invalid(["body", "since"], "Must not be after `until`.");
}

function checkRecovery({ since, until }: ReplayWindow, now: number): void {
  if (since < (until ?? now) - RECOVER_MS_MAX) {
    throw invalid(["body", "since"], "Must be at most 14 days before `until`, or before now if `until` is not set.");
  }
}
