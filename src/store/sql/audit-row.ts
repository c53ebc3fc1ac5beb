import type { AuditActor, AuditEntry, AuditFilter } from "../index.ts";
import { parsed } from "./rows.ts";

export interface AuditRow {
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

export const AUDIT_COLUMNS = `seq, environment_seq AS "environmentSeq", actor_kind AS "actorKind", actor_id AS "actorId",
  actor_name AS "actorName", action, subject, done, at`;

export function toAuditEntry({ actorKind, actorId, actorName, subject, done, ...rest }: AuditRow): AuditEntry {
  return {
    ...rest,
    actor: { kind: actorKind, id: actorId, name: actorName },
    subject: parsed<Record<string, string>>(subject),
    done: done === 1,
  };
}

/** Stores an entry, or the outcome of one that has been stored before. */
export const PUT_AUDIT = `INSERT INTO audit (seq, environment_seq, actor_kind, actor_id, actor_name, action, subject, done, at)
  VALUES ($seq, $environmentSeq, $kind, $id, $name, $action, $subject, $done, $at)
  ON CONFLICT (seq) DO UPDATE SET subject = excluded.subject, done = excluded.done`;

/** Returns the bindings of `PUT_AUDIT`. */
export function auditBindings({ seq, environmentSeq, actor, action, subject, done, at }: AuditEntry) {
  const stored = { subject: JSON.stringify(subject), done: done ? 1 : 0 };
  return { seq, environmentSeq, ...actor, action, ...stored, at };
}

/**
 * Returns whether an entry matches a filter. TypeScript compares the texts, because SQLite ignores the
 * case of ASCII letters only.
 */
export function auditMatcher({ actor, action, applicationId, text }: AuditFilter): (entry: AuditEntry) => boolean {
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
