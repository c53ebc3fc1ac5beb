import type { BackgroundTask } from "../../../src/api/types.ts";
import type { Tone } from "../../kit/parts/badge.tsx";

/** Background tasks in words. Pure functions. */

const KINDS: Readonly<Record<string, string>> = {
  "dead-letter.redrive": "Redrive of dead letters",
  "dead-letter.drop": "Drop of dead letters",
  "endpoint.cancel-msgs": "Cancellation of messages",
  "endpoint.recover": "Resend of failed messages",
  "endpoint.replay": "Replay of messages that were never sent",
  "endpoint.bulk-replay": "Resend of messages",
  "application.purge_content": "Deletion of payloads",
  "application.stats": "Report of attempts by customer",
  "event-type.aggregate": "Report of subscribed event types",
};

export const TASK_KINDS = Object.entries(KINDS).map(([value, label]) => ({ value, label }));

export function kindOf({ task }: Pick<BackgroundTask, "task">): string {
  return KINDS[task] ?? task;
}

export interface TaskState {
  readonly word: "running" | "waiting" | "finished" | "cancelled" | "failed";
  readonly tone: Tone;
}

export function taskStateOf({ status, data }: Pick<BackgroundTask, "status" | "data">): TaskState {
  const { waiting, cancelled } = data as { waiting?: boolean; cancelled?: boolean };
  if (status === "running") return { word: waiting === true ? "waiting" : "running", tone: "wait" };
  if (status === "finished") return { word: "finished", tone: "good" };
  return cancelled === true ? { word: "cancelled", tone: "idle" } : { word: "failed", tone: "bad" };
}

/** Returns what a task is limited to, in words. */
export function scopeOf({ appId, appName, endpointId, url }: BackgroundTask): string {
  return appName || appId || url || endpointId || "all customers";
}

export function starterOf({ startedBy }: Pick<BackgroundTask, "startedBy">): string {
  if (startedBy === null) return "unknown";
  if (startedBy.type === "root") return "root token";
  return startedBy.name || startedBy.id || startedBy.type;
}

export function errorOf({ data }: Pick<BackgroundTask, "data">): string | null {
  const { error } = data as { error?: unknown };
  return typeof error === "string" ? error : null;
}

export function rateOf({ data }: Pick<BackgroundTask, "data">): number | null {
  const { rate } = data as { rate?: unknown };
  return typeof rate === "number" ? rate : null;
}
