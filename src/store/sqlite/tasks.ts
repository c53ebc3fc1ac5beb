import type { Database } from "bun:sqlite";
import type { Store, Task } from "../index.ts";
import type { Committer } from "./commit.ts";
import { parsed } from "./rows.ts";

const COLUMNS = "seq, environment_seq AS environmentSeq, kind, status, data, updated_at AS updatedAt";

type Row = Omit<Task, "data"> & { data: string };

function toTask(row: Row): Task {
  return { ...row, data: parsed(row.data) };
}

export function tasks(db: Database, committer: Committer): Store["tasks"] {
  const insert = db.prepare(
    "INSERT INTO task (seq, environment_seq, kind, status, data, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const replace = db.prepare("UPDATE task SET status = ?2, data = ?3, updated_at = ?4 WHERE seq = ?1");
  const one = db.prepare<Row, [number, number]>(`SELECT ${COLUMNS} FROM task WHERE environment_seq = ? AND seq = ?`);
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
    update: (task) =>
      committer.write(() => void replace.run(task.seq, task.status, JSON.stringify(task.data), task.updatedAt)),
    get: async (environmentSeq, seq) => {
      const row = one.get(environmentSeq, seq);
      return row === null ? null : toTask(row);
    },
    running: async () => running.all().map(toTask),
  };
}
