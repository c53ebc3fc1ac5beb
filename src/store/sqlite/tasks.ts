import type { Database } from "bun:sqlite";
import { seqAt } from "../../core/id.ts";
import { type Housekeeping, LeaseLost, type Task, type TaskFilter } from "../index.ts";
import { type Bindings, Conditions, pageOf, walk } from "../sql/page.ts";
import { parsed } from "../sql/rows.ts";
import type { Committer } from "./commit.ts";

const COLUMNS = "seq, environment_seq AS environmentSeq, kind, status, data, updated_at AS updatedAt";

type Row = Omit<Task, "data"> & { data: string };

function toTask(row: Row): Task {
  return { ...row, data: parsed(row.data) };
}

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

function conditions(environmentSeq: number, { status, kind, since }: TaskFilter): Conditions {
  const where = new Conditions().add("environment_seq = $environmentSeq", { environmentSeq });
  if (status === "ended") where.add("status <> 'running'");
  else if (status !== undefined) where.add("status = $status", { status });
  if (kind !== undefined) where.add("kind = $kind", { kind });
  if (since !== undefined) where.add("seq >= $since", { since: seqAt(since) });
  return where;
}

export function tasks(db: Database, committer: Committer): Housekeeping["tasks"] {
  const insert = db.prepare(
    "INSERT INTO task (seq, environment_seq, kind, status, data, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const replace = taskUpdate(db);
  const one = db.prepare<Row, [number, number]>(`SELECT ${COLUMNS} FROM task WHERE environment_seq = ? AND seq = ?`);
  const end = db.prepare(
    `UPDATE task SET status = 'failed', data = json_set(data, '$.cancelled', json('true')), updated_at = ?3
     WHERE environment_seq = ?1 AND seq = ?2 AND status = 'running'`,
  );
  const running = db.prepare<Row, []>(`SELECT ${COLUMNS} FROM task WHERE status = 'running' ORDER BY seq`);
  return {
    create: (task) =>
      committer.write(
        () =>
          void insert.run(
            task.seq,
            task.environmentSeq,
            task.kind,
            task.status,
            JSON.stringify(task.data),
            task.updatedAt,
          ),
      ),
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
      const where = conditions(environmentSeq, filter);
      const { condition, direction } = walk("seq", page);
      const rows = db
        .query<Row, [Bindings]>(
          `SELECT ${COLUMNS} FROM task WHERE 1${where.sql}${condition} ORDER BY seq ${direction} LIMIT $limit`,
        )
        .all({ ...where.values, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(rows.map(toTask), page);
    },
    // One process owns the data, and therefore all tasks.
    lease: async () => running.all().map(toTask),
  };
}
