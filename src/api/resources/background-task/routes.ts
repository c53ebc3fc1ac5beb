import { Type } from "@sinclair/typebox";
import { cancelTask } from "../../../commands/tasks.ts";
import { notFound, Problem } from "../../../core/problem.ts";
import type { Task, TaskFilter } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listed, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { noContent, reply } from "../../http/reply.ts";
import { choice } from "../../http/schema.ts";
import { TaskOut, taskExample, taskOut, tasksOut } from "./task.ts";

/** Maximum age of tasks in the list, in ms. */
const LISTED_MS = 90 * 24 * 3_600_000;

const filterQuery = {
  status: Type.Optional(
    choice(["running", "finished", "failed", "ended"], {
      description: "Include only tasks with this status. `ended` includes finished and failed tasks.",
    }),
  ),
  task: Type.Optional(Type.String({ description: "Include only tasks of this kind, such as `endpoint.recover`." })),
};

export function backgroundTaskRoutes(context: Context): Operation[] {
  const { store, ids, clock } = context;
  const tag = "Background task";
  const path = "/api/v1/background-task";
  return [
    operation({
      id: "v1.background-task.list",
      method: "GET",
      path,
      tag,
      summary: "List background tasks",
      description: "Lists the tasks of the last 90 days.",
      access: "environment",
      query: Type.Object({ ...pageQuery, ...filterQuery, ...orderQuery("descending") }),
      responses: {
        200: {
          description: "A page of tasks.",
          schema: field.listOf("BackgroundTaskOut", TaskOut),
          example: {
            data: [taskExample],
            iterator: taskExample.id,
            prevIterator: `-${taskExample.id}`,
            done: true,
          },
        },
      },
      problems: [],
      async handle({ identity, query }) {
        const filter: TaskFilter = {
          since: clock.now() - LISTED_MS,
          ...(query.status !== undefined && { status: query.status }),
          ...(query.task !== undefined && { kind: query.task }),
        };
        const page = pageRequest(query, ids, "qtask_", query.order ?? "descending");
        const tasks = await store.housekeeping.tasks.list(identity.environmentSeq, filter, page);
        const shown = new Map((await tasksOut(tasks.rows, context)).map((task) => [task.id, task]));
        const idOf = ({ seq }: Task) => ids.encode("qtask_", seq);
        return reply(
          200,
          listed(tasks, idOf, (task) => shown.get(idOf(task))!),
        );
      },
    }),

    operation({
      id: "v1.background-task.get",
      method: "GET",
      path: `${path}/:task_id`,
      tag,
      summary: "Get a background task",
      access: "environment",
      responses: { 200: { description: "The task.", schema: TaskOut, example: taskExample } },
      problems: [404],
      async handle({ identity, params }) {
        const seq = ids.decode("qtask_", params.task_id);
        const task = seq === null ? null : await store.housekeeping.tasks.get(identity.environmentSeq, seq);
        if (task === null) throw notFound("Background task not found");
        return reply(200, await taskOut(task, context));
      },
    }),

    operation({
      id: "background-task.cancel",
      method: "DELETE",
      path: `${path}/:task_id`,
      tag,
      summary: "Cancel a background task",
      description:
        "Ends a running task between two steps. Its status becomes `failed`, with `cancelled: true` in its data. What the task has already done is kept.",
      access: "environment",
      responses: { 204: { description: "The task was cancelled." } },
      problems: [404, 409],
      async handle({ identity, params }) {
        const seq = ids.decode("qtask_", params.task_id);
        const wasRunning = seq === null ? null : await cancelTask(context, identity.environmentSeq, seq);
        if (wasRunning === null) throw notFound("Background task not found");
        if (!wasRunning) throw new Problem(409, "conflict", "The task has already ended.");
        return noContent;
      },
    }),
  ];
}
