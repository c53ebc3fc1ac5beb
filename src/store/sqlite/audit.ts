import type { Database } from "bun:sqlite";
import { seqAt } from "../../core/id.ts";
import type { AuditActor, AuditEntry, Configuration } from "../index.ts";
import type { Committer } from "./commit.ts";
import { Conditions, pageOf, walk } from "./page.ts";
import { parsed } from "./rows.ts";

interface Row {
  seq: number;
  environmentSeq: number;
  actorKind: AuditActor["kind"];
  actorId: string | null;
  actorName: string | null;
  action: string;
  subject: string;
  done: number;
  at: number;
}

const COLUMNS = `seq, environment_seq AS environmentSeq, actor_kind AS actorKind, actor_id AS actorId,
  actor_name AS actorName, action, subject, done, at`;

function toEntry({ actorKind, actorId, actorName, subject, done, ...rest }: Row): AuditEntry {
  return {
    ...rest,
    actor: { kind: actorKind, id: actorId, name: actorName },
    subject: parsed<Record<string, string>>(subject),
    done: done === 1,
  };
}

export function audit(db: Database, committer: Committer): Configuration["audit"] {
  const put = db.prepare(
    `INSERT INTO audit (seq, environment_seq, actor_kind, actor_id, actor_name, action, subject, done, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (seq) DO UPDATE SET subject = excluded.subject, done = excluded.done`,
  );
  const drop = db.prepare("DELETE FROM audit WHERE seq = ? AND done = 0");

  const store = ({ seq, environmentSeq, actor, action, subject, done, at }: AuditEntry) =>
    committer.write(() => {
      const { kind, id, name } = actor;
      put.run(seq, environmentSeq, kind, id, name, action, JSON.stringify(subject), done ? 1 : 0, at);
    });

  return {
    begin: store,
    end: store,
    drop: (seq) => committer.write(() => void drop.run(seq)),
    list: async (environmentSeq, { before, after }, page) => {
      const where = new Conditions().add("environment_seq = $environmentSeq", { environmentSeq });
      if (before !== undefined) where.add("seq < $before", { before: seqAt(before) });
      if (after !== undefined) where.add("seq >= $after", { after: seqAt(after + 1) });
      const { condition, direction } = walk("seq", page);
      const rows = db
        .query<Row, [typeof where.values]>(
          `SELECT ${COLUMNS} FROM audit WHERE 1${where.sql}${condition} ORDER BY seq ${direction} LIMIT $limit`,
        )
        .all({ ...where.values, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(rows.map(toEntry), page);
    },
  };
}
