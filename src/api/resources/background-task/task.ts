/** Background tasks in responses. */
import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import type { PURGE } from "../../../deliver/tasks/purge.ts";
import type { ReplayTask } from "../../../deliver/tasks/replay.ts";
import type { APP_STATS, EVENT_TYPE_AGGREGATE } from "../../../deliver/tasks/usage.ts";
import type { Task } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";

const started = {
  id: field.idOut("qtask_"),
  status: Type.String({ enum: ["running", "finished", "failed"] }),
  task: Type.String({ description: "The kind of task." }),
  updatedAt: field.instantOut,
};

export const TaskOut = field.object("BackgroundTaskOut", {
  ...started,
  data: Type.Object(
    {},
    {
      description:
        "Progress and result; with `error` if the task failed, with `cancelled: true` if it was cancelled, and with `waiting: true` while the task waits because too many others run.",
      additionalProperties: true,
    },
  ),
});

type StartedTitle =
  | "RecoverOut"
  | "ReplayOut"
  | "ExpungeAllContentsOut"
  | "AggregateEventTypesOut"
  | "AppUsageStatsOut";

/**
 * Returns the response schema of operations that start a task. The titles are from the Svix API.
 */
export const startedOut = (title: StartedTitle) => field.object(title, started);

export const taskExample = {
  id: "qtask_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  status: "running",
  task: "dead-letter.redrive",
  data: { redriven: 0, rate: 50 },
  updatedAt: "2026-01-01T00:00:00.000Z",
};

export function startedExample(task: TaskKind) {
  const { data: _, ...rest } = taskExample;
  return { ...rest, task };
}

type TaskKind = "dead-letter.redrive" | typeof PURGE | typeof APP_STATS | typeof EVENT_TYPE_AGGREGATE | ReplayTask;

/**
 * The fields of a task's data that responses contain, by kind. Other fields are internal progress.
 */
const SHOWN = {
  "dead-letter.redrive": ["redriven", "rate"],
  "application.purge_content": ["messagesPurged"],
  "application.stats": ["appStats"],
  "event-type.aggregate": ["event_types"],
  "endpoint.recover": ["messagesSent"],
  "endpoint.replay": ["messagesSent"],
  "endpoint.bulk-replay": ["messagesSent"],
} as const satisfies Readonly<Record<TaskKind, readonly string[]>>;

export function startedTask(task: Task, ids: IdCodec) {
  return {
    id: ids.encode("qtask_", task.seq),
    status: task.status,
    task: task.kind,
    updatedAt: formatInstant(task.updatedAt),
  };
}

export function taskOut(task: Task, { ids, deliverer }: Pick<Context, "ids" | "deliverer">) {
  const shown: Readonly<Record<string, readonly string[]>> = SHOWN;
  const names = [...(shown[task.kind] ?? []), "error", "cancelled"];
  const data = Object.fromEntries(names.filter((name) => name in task.data).map((name) => [name, task.data[name]]));
  const isWaiting = task.status === "running" && deliverer.isTaskWaiting(task.seq);
  return { ...startedTask(task, ids), data: isWaiting ? { ...data, waiting: true } : data };
}
