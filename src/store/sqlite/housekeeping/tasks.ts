import type { Database } from "bun:sqlite";
import { type Housekeeping, LeaseLost, type Task } from "../../index.ts";
import { type Bindings, pageOf, walk } from "../../sql/page.ts";
import { TASK_COLUMNS, type TaskRow, taskConditions, toTask } from "../../sql/task-row.ts";
import type { Committer } from "../commit/commit.ts";

/**
 * Returns a function that stores a task's progress within a commit. The function throws `LeaseLost`
 * if the task has ended. The lease needs no check, because one process owns the data.
 */
export function taskUpdate(db: Database): (task: Task) => void {
  const replace = db.prepare(
    "UPDATE task SET status = ?2, data = ?3, updated_at = ?4 WHERE seq = ?1 AND status = 'running'",
  );
  return ({ seq, status, data, updatedAt }) => {
    if (replace.run(seq, status, JSON.stringify(data), updatedAt).changes === 0) throw new LeaseLost(seq);
  };
}

/** Returns a function that stores a new task within a commit. */
export function taskInsert(db: Database): (task: Task) => void {
  const insert = db.prepare(
    "INSERT INTO task (seq, environment_seq, kind, status, data, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  return ({ seq, environmentSeq, kind, status, data, updatedAt }) =>
    void insert.run(seq, environmentSeq, kind, status, JSON.stringify(data), updatedAt);
}

export function tasks(db: Database, committer: Committer): Housekeeping["tasks"] {
  const insert = taskInsert(db);
  const replace = taskUpdate(db);
  const one = db.prepare<TaskRow, [number, number]>(
    `SELECT ${TASK_COLUMNS} FROM task WHERE environment_seq = ? AND seq = ?`,
  );
  const end = db.prepare(
    `UPDATE task SET status = 'failed', data = json_set(data, '$.cancelled', json('true')), updated_at = ?3
     WHERE environment_seq = ?1 AND seq = ?2 AND status = 'running'`,
  );
  const running = db.prepare<TaskRow, []>(`SELECT ${TASK_COLUMNS} FROM task WHERE status = 'running' ORDER BY seq`);
  return {
    create: (task) => committer.write(() => insert(task)),
    update: (task) => committer.write(() => replace(task)),
    cancel: (environmentSeq, seq, now) =>
      committer.write(() => {
        if (one.get(environmentSeq, seq) === null) return null;
        return end.run(environmentSeq, seq, now).changes > 0;
      }),
    get: async (environmentSeq, seq) => {
      const row = one.get(environmentSeq, seq);
      return row === null ? null : toTask(row);
    },
    list: async (environmentSeq, filter, page) => {
      const where = taskConditions(environmentSeq, filter);
      const { condition, direction } = walk("seq", page);
      const rows = db
        .query<TaskRow, [Bindings]>(
          `SELECT ${TASK_COLUMNS} FROM task WHERE 1${where.sql}${condition} ORDER BY seq ${direction} LIMIT $limit`,
        )
        .all({ ...where.values, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(rows.map(toTask), page);
    },
    // One process owns the data, and therefore all tasks.
    lease: async () => running.all().map(toTask),
  };
}
