import { type Housekeeping, LeaseLost, type Task } from "../../index.ts";
import { pageOf, walk } from "../../sql/page.ts";
import { TASK_COLUMNS, type TaskRow, taskConditions, toTask } from "../../sql/task-row.ts";
import type { Committer, Transaction } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";
import type { Instance } from "../instances/instance.ts";
import { hasLiveOwner } from "../instances/instance-row.ts";

/** The slot of a task whose lease nobody holds. */
const NOBODY = -1;

/** Stores the progress of a task within a transaction. */
export type TaskUpdate = (transaction: Transaction, task: Task) => Promise<void>;

/**
 * Returns a function that stores a task's progress. It rejects with `LeaseLost` if the task has ended,
 * or if this instance does not hold its lease. Every transaction also checks that the fence of the
 * instance is still valid.
 */
export function taskUpdate(instance: Instance): TaskUpdate {
  return async (transaction, { seq, status, data, updatedAt }) => {
    const changed = await transaction.run(
      `UPDATE task SET status = $2, data = $3, updated_at = $4, slot = $7
       WHERE seq = $1 AND status = 'running' AND slot = $5 AND fence = $6`,
      [
        ...[seq, status, JSON.stringify(data), updatedAt, instance.slot, instance.fence],
        status === "running" ? instance.slot : NOBODY,
      ],
    );
    if (changed === 0) throw new LeaseLost(seq);
  };
}

export function tasks(database: Database, committer: Committer, instance: Instance): Housekeeping["tasks"] {
  const storeTask = taskUpdate(instance);
  const ONE = `SELECT ${TASK_COLUMNS} FROM task WHERE environment_seq = $1 AND seq = $2`;
  return {
    create: ({ seq, environmentSeq, kind, status, data, updatedAt }) =>
      committer.write(async (transaction) => {
        await transaction.run(
          `INSERT INTO task (seq, environment_seq, kind, status, data, updated_at, slot, fence)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
          [
            ...[seq, environmentSeq, kind, status, JSON.stringify(data), updatedAt],
            ...(status === "running" ? [instance.slot, instance.fence] : [NOBODY, 0]),
          ],
        );
      }),
    update: (task) => committer.write((transaction) => storeTask(transaction, task)),
    cancel: (environmentSeq, seq, now) =>
      committer.write((transaction) => cancel(transaction, environmentSeq, seq, now)),
    get: async (environmentSeq, seq) => {
      const row = await database.first<TaskRow>(ONE, [environmentSeq, seq]);
      return row === null ? null : toTask(row);
    },
    list: async (environmentSeq, filter, page) => {
      const where = taskConditions(environmentSeq, filter);
      const { condition, direction } = walk("seq", page);
      const rows = await database.all<TaskRow>(
        `SELECT ${TASK_COLUMNS} FROM task WHERE true${where.sql}${condition} ORDER BY seq ${direction} LIMIT $limit`,
        { ...where.values, limit: page.limit + 1, from: page.from },
      );
      return pageOf(rows.map(toTask), page);
    },
    lease: () => committer.write((transaction) => lease(transaction, instance)),
  };
}

async function cancel(
  transaction: Transaction,
  environmentSeq: number,
  seq: number,
  now: number,
): Promise<boolean | null> {
  const row = await transaction.first<TaskRow>(
    `SELECT ${TASK_COLUMNS} FROM task WHERE environment_seq = $1 AND seq = $2 FOR UPDATE`,
    [environmentSeq, seq],
  );
  if (row === null) return null;
  const { status, data } = toTask(row);
  if (status !== "running") return false;
  await transaction.run(
    `UPDATE task SET status = 'failed', data = $2, updated_at = $3, slot = ${NOBODY} WHERE seq = $1`,
    [seq, JSON.stringify({ ...data, cancelled: true }), now],
  );
  return true;
}

/** Takes the running tasks of instances that have ended. Returns all that this instance holds. */
async function lease(transaction: Transaction, { slot, fence }: Instance): Promise<Task[]> {
  await transaction.run(
    `UPDATE task SET slot = $1, fence = $2 WHERE seq IN (
       SELECT seq FROM task WHERE status = 'running' AND NOT ${hasLiveOwner("task")} ORDER BY seq FOR UPDATE SKIP LOCKED)`,
    [slot, fence],
  );
  const rows = await transaction.all<TaskRow>(
    `SELECT ${TASK_COLUMNS} FROM task WHERE status = 'running' AND slot = $1 AND fence = $2 ORDER BY seq`,
    [slot, fence],
  );
  return rows.map(toTask);
}
