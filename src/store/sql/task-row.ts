import { seqAt } from "../../core/id.ts";
import type { Task, TaskFilter } from "../index.ts";
import { Conditions } from "./page.ts";
import { parsed } from "./rows.ts";

export const TASK_COLUMNS = `seq, environment_seq AS "environmentSeq", kind, status, data, updated_at AS "updatedAt"`;

export type TaskRow = Omit<Task, "data"> & { data: string };

export function toTask(row: TaskRow): Task {
  return { ...row, data: parsed(row.data) };
}

/** Returns the conditions of a list of tasks. */
export function taskConditions(environmentSeq: number, { status, kind, since }: TaskFilter): Conditions {
  const where = new Conditions().add("environment_seq = $environmentSeq", { environmentSeq });
  if (status === "ended") where.add("status <> 'running'");
  else if (status !== undefined) where.add("status = $status", { status });
  if (kind !== undefined) where.add("kind = $kind", { kind });
  if (since !== undefined) where.add("seq >= $since", { since: seqAt(since) });
  return where;
}
