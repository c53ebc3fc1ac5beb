import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../core/id.ts";
import { notFound } from "../../core/problem.ts";
import type { Task } from "../../store/index.ts";
import type { Context } from "../context.ts";
import * as field from "../fields.ts";
import { type Operation, operation } from "../operation.ts";
import { reply } from "../reply.ts";
import { formatInstant } from "../time.ts";

export const TaskOut = field.object("BackgroundTaskOut", {
  id: field.idOut("qtask_"),
  status: Type.String({ enum: ["running", "finished", "failed"] }),
  task: Type.String({ description: "What is being done." }),
  data: Type.Object({}, { description: "How far it is.", additionalProperties: true }),
  updatedAt: field.instantOut,
});

export const taskExample = {
  id: "qtask_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  status: "running",
  task: "dead-letter.redrive",
  data: { redriven: 0, rate: 50 },
  updatedAt: "2026-01-01T00:00:00.000Z",
};

export function taskOut(task: Task, ids: IdCodec) {
  // The rest of the data is for those who go on with the task.
  const { redriven, rate } = task.data;
  return {
    id: ids.encode("qtask_", task.seq),
    status: task.status,
    task: task.kind,
    data: { redriven, rate },
    updatedAt: formatInstant(task.updatedAt),
  };
}

export function backgroundTaskRoutes({ store, ids }: Context): Operation[] {
  return [
    operation({
      id: "v1.background-task.get",
      method: "GET",
      path: "/api/v1/background-task/:task_id",
      tag: "Background task",
      summary: "Get a background task",
      access: "environment",
      answers: { 200: { description: "The task.", schema: TaskOut, example: taskExample } },
      problems: [404],
      async handle({ identity, params }) {
        const seq = ids.decode("qtask_", params.task_id);
        const task = seq === null ? null : await store.tasks.get(identity.environmentSeq, seq);
        if (task === null) throw notFound("Background task not found");
        return reply(200, taskOut(task, ids));
      },
    }),
  ];
}
