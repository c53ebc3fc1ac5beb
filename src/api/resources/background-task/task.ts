/** Background tasks in responses. */
import { Type } from "@sinclair/typebox";
import { type IdCodec, type Seq, timeOfSeq } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import type { CANCEL } from "../../../deliver/tasks/cancel-messages.ts";
import type { DROP } from "../../../deliver/tasks/drop.ts";
import type { PURGE } from "../../../deliver/tasks/purge.ts";
import type { ReplayTask } from "../../../deliver/tasks/replay.ts";
import type { APP_STATS, EVENT_TYPE_AGGREGATE } from "../../../deliver/tasks/usage.ts";
import type { AuditActor, DeadLetterFilter, Task } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Names, namesOf } from "../../http/names.ts";
import { nullable } from "../../http/schema.ts";
import { AuditActorOut, actorOut } from "../audit-log/actor.ts";

const started = {
  id: field.idOut("qtask_"),
  status: Type.String({ enum: ["running", "finished", "failed"] }),
  task: Type.String({ description: "The kind of task." }),
  updatedAt: field.instantOut,
};

export const TaskOut = field.object("BackgroundTaskOut", {
  ...started,
  createdAt: field.instantOut,
  endedAt: nullable(field.instantOut),
  cancellable: Type.Boolean({ description: "Whether the task has not ended, so that it can be cancelled." }),
  appId: nullable(Type.String({ description: "The application that the task is limited to." })),
  appName: nullable(Type.String({ description: "Name of the application, also if it was deleted." })),
  endpointId: nullable(Type.String({ description: "The endpoint that the task is limited to." })),
  url: nullable(Type.String({ description: "URL of the endpoint, with its password masked." })),
  done: nullable(Type.Integer({ description: "Number of items that have been processed; null if not counted." })),
  total: nullable(
    Type.Integer({ description: "Number of items to process; null if it is unknown, or has not been counted yet." }),
  ),
  startedBy: nullable(AuditActorOut),
  data: Type.Object(
    {},
    {
      description:
        "Parameters, progress and result; with `error` if the task failed, with `cancelled: true` if it was cancelled, and with `waiting: true` while the task waits because too many others run.",
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
  createdAt: "2026-01-01T00:00:00.000Z",
  endedAt: null,
  cancellable: true,
  appId: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  appName: "Customer 17",
  endpointId: null,
  url: null,
  done: 0,
  total: 17,
  startedBy: { type: "token", id: "tok_0KfxFXFUH4hEMq0Y8gpRxcT2bSr", name: "billing service" },
  data: { redriven: 0, rate: 50, filter: { appId: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr", reason: "status_5xx" } },
  updatedAt: "2026-01-01T00:00:00.000Z",
};

export function startedExample(task: TaskKind) {
  const { id, status, updatedAt } = taskExample;
  return { id, status, task, updatedAt };
}

type TaskKind =
  | "dead-letter.redrive"
  | typeof DROP
  | typeof CANCEL
  | typeof PURGE
  | typeof APP_STATS
  | typeof EVENT_TYPE_AGGREGATE
  | ReplayTask;

/**
 * The fields of a task's data that responses contain, by kind. Other fields are internal progress.
 */
const SHOWN = {
  "dead-letter.redrive": ["redriven", "rate"],
  "dead-letter.drop": ["dropped"],
  "endpoint.cancel-msgs": ["deliveriesCancelled"],
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

/** The field of a task's data that counts what has been done. */
const DONE = ["redriven", "dropped", "deliveriesCancelled", "messagesPurged", "messagesSent"];

type Parts = Pick<Context, "store" | "ids" | "deliverer">;

export async function taskOut(task: Task, parts: Parts) {
  return (await tasksOut([task], parts))[0]!;
}

/** Returns tasks of one environment. */
export async function tasksOut(tasks: readonly Task[], parts: Parts) {
  if (tasks.length === 0) return [];
  const names = await namesOf(parts.store, tasks[0]!.environmentSeq, tasks.map(scopeOf));
  return tasks.map((task) => oneOut(task, parts, names));
}

function oneOut(task: Task, { ids, deliverer }: Parts, names: Names) {
  const scope = scopeOf(task);
  const { applicationSeq } = scope;
  // A filter may have the id of an endpoint of another environment. It matches nothing.
  const endpointSeq = scope.endpointSeq !== null && names.endpoints.has(scope.endpointSeq) ? scope.endpointSeq : null;
  const isRunning = task.status === "running";
  const data = dataOut(task, ids, names);
  const { total = null, startedBy = null } = task.data as { total?: number; startedBy?: AuditActor };
  const done = DONE.map((name) => task.data[name]).find((count) => typeof count === "number");
  return {
    ...startedTask(task, ids),
    createdAt: formatInstant(timeOfSeq(task.seq)),
    endedAt: isRunning ? null : formatInstant(task.updatedAt),
    cancellable: isRunning,
    appId: applicationSeq === null ? null : ids.encode("app_", applicationSeq),
    appName: applicationSeq === null ? null : (names.applications.get(applicationSeq)?.name ?? null),
    endpointId: endpointSeq === null ? null : ids.encode("ep_", endpointSeq),
    url: endpointSeq === null ? null : (names.endpoints.get(endpointSeq)?.url ?? null),
    done: (done as number | undefined) ?? null,
    total,
    startedBy: startedBy === null ? null : actorOut(startedBy),
    data: isRunning && deliverer.isTaskWaiting(task.seq) ? { ...data, waiting: true } : data,
  };
}

function dataOut({ kind, data }: Task, ids: IdCodec, names: Names): Record<string, unknown> {
  const shown: Readonly<Record<string, readonly string[]>> = SHOWN;
  const fields = [...(shown[kind] ?? []), "error", "cancelled"];
  const { filter } = data as { filter?: DeadLetterFilter };
  return {
    ...Object.fromEntries(fields.filter((name) => name in data).map((name) => [name, data[name]])),
    ...(filter !== undefined && { filter: filterOut(filter, ids, names) }),
  };
}

/**
 * Returns a filter in the form in which requests contain it, except ids that were not checked: those
 * of single dead letters, and of an endpoint that is not in the environment.
 */
function filterOut(filter: DeadLetterFilter, ids: IdCodec, names: Names) {
  const { applicationSeq, endpointSeq, eventTypes, reason, before, after } = filter;
  return {
    ...(applicationSeq !== undefined && { appId: ids.encode("app_", applicationSeq) }),
    ...(endpointSeq !== undefined &&
      names.endpoints.has(endpointSeq) && { endpointId: ids.encode("ep_", endpointSeq) }),
    ...(eventTypes !== undefined && { eventTypes }),
    ...(reason !== undefined && { reason }),
    ...(before !== undefined && { before: formatInstant(before) }),
    ...(after !== undefined && { after: formatInstant(after) }),
  };
}

/** Returns the application and the endpoint that a task is limited to. */
function scopeOf({ data }: Task): { readonly applicationSeq: Seq | null; readonly endpointSeq: Seq | null } {
  const { filter, ...own } = data as Scope & { filter?: Scope };
  return {
    applicationSeq: own.applicationSeq ?? filter?.applicationSeq ?? null,
    endpointSeq: own.endpointSeq ?? filter?.endpointSeq ?? null,
  };
}

interface Scope {
  readonly applicationSeq?: Seq;
  readonly endpointSeq?: Seq;
}
