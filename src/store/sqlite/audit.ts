import type { Database } from "bun:sqlite";
import type { Seq } from "../../core/id.ts";
import type { AuditActor, AuditEntry, AuditFilter, AuditTarget, Configuration, PageRequest } from "../index.ts";
import { directionOf, rangeOf } from "../sql/page.ts";
import { parsed } from "../sql/rows.ts";
import type { Turns } from "../turns.ts";
import type { Committer } from "./commit.ts";
import { readSteps, type Steps } from "./steps.ts";

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

export function audit(db: Database, committer: Committer, turns: Turns): Configuration["audit"] {
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
    list: (environmentSeq, window, page, filter = {}) =>
      readSteps(turns, page, rangeOf(page, window), auditSteps(db, environmentSeq, page, filter)),
    targets: auditTargets(db),
  };
}

/** Number of entries that one step of a list examines. */
const STEP_ROWS = 1000;

type RowBindings = Record<"environmentSeq" | "from" | "to", number>;

function auditSteps(db: Database, environmentSeq: Seq, page: PageRequest, filter: AuditFilter): Steps<AuditEntry> {
  const order = `WHERE environment_seq = $environmentSeq AND seq >= $from AND seq < $to ORDER BY seq ${directionOf(page)}`;
  const last = db.query<{ seq: number }, [RowBindings]>(
    `SELECT seq FROM audit ${order} LIMIT 1 OFFSET ${STEP_ROWS - 1}`,
  );
  const rows = db.query<Row, [RowBindings]>(`SELECT ${COLUMNS} FROM audit ${order}`);
  const matches = matcherOf(filter);
  return {
    lastOf: (range) => last.get({ environmentSeq, ...range })?.seq,
    read(range, limit) {
      const found: AuditEntry[] = [];
      for (const row of rows.iterate({ environmentSeq, ...range })) {
        const entry = toEntry(row);
        if (matches(entry)) found.push(entry);
        if (found.length === limit) break;
      }
      return { rows: found };
    },
  };
}

/** SQLite ignores the case of ASCII letters only, so TypeScript compares the texts. */
function matcherOf({ actor, action, applicationId, text }: AuditFilter): (entry: AuditEntry) => boolean {
  const has = (part: string | undefined, texts: readonly (string | null)[]) =>
    part === undefined || texts.some((one) => one?.toLowerCase().includes(part));
  const [actorPart, actionPart, anyPart] = [actor, action, text].map((part) => part?.toLowerCase());
  return (entry) => {
    const who = [entry.actor.name, entry.actor.id, entry.actor.kind];
    return (
      (applicationId === undefined || entry.subject.appId === applicationId) &&
      has(actorPart, who) &&
      has(actionPart, [entry.action]) &&
      has(anyPart, [...who, entry.action, ...Object.values(entry.subject)])
    );
  };
}

function auditTargets(db: Database): Configuration["audit"]["targets"] {
  const query = (sql: string) => db.prepare<{ name: string; isDeleted: number }, [number, number]>(sql);
  const application = query(
    "SELECT name, deleted_at IS NOT NULL AS isDeleted FROM application WHERE seq = ? AND environment_seq = ?",
  );
  const endpoint = query(
    `SELECT e.url AS name, e.deleted_at IS NOT NULL OR a.deleted_at IS NOT NULL AS isDeleted
     FROM endpoint e JOIN application a ON a.seq = e.application_seq WHERE e.seq = ? AND a.environment_seq = ?`,
  );
  const source = query(
    "SELECT name, deleted_at IS NOT NULL AS isDeleted FROM source WHERE seq = ? AND environment_seq = ?",
  );
  const token = query("SELECT name, 0 AS isDeleted FROM token WHERE seq = ? AND environment_seq = ?");
  return async (environmentSeq, { applicationSeqs, endpointSeqs, sourceSeqs, tokenSeqs }) => {
    const found = new Map<Seq, AuditTarget>();
    for (const [statement, seqs] of [
      [application, applicationSeqs],
      [endpoint, endpointSeqs],
      [source, sourceSeqs],
      [token, tokenSeqs],
    ] as const) {
      for (const seq of seqs) {
        const row = found.has(seq) ? null : statement.get(seq, environmentSeq);
        if (row !== null) found.set(seq, { name: row.name, isDeleted: row.isDeleted === 1 });
      }
    }
    return found;
  };
}
