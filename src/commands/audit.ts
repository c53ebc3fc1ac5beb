import { Invalid, Problem } from "../core/problem.ts";
import type { AuditEntry } from "../store/index.ts";
import type { CommandContext } from "./context.ts";

type Parts = Pick<CommandContext, "store" | "seqs" | "clock">;

/** The records that a change affects: ids by kind, such as `{"appId": "app_…"}`. */
export type AuditSubject = AuditEntry["subject"];

/** Who makes which change, and to which records. */
export type AuditedChange = Pick<AuditEntry, "environmentSeq" | "actor" | "action" | "subject">;

/**
 * The result of a change. `changed` is added to the subject; null means that nothing was changed.
 */
export interface Audited<Result> {
  readonly result: Result;
  readonly changed: AuditSubject | null;
}

/**
 * Makes a change and records it in the audit log. The entry is stored before the change begins,
 * completed after the change, and deleted if the change was refused. So no change is made without
 * an entry, and a crash leaves at most an entry whose outcome is unknown. Throws any error that
 * `change` throws, and `StoreUnavailable` if the entry cannot be stored.
 */
export async function audited<Result>(
  { store, seqs, clock }: Parts,
  about: AuditedChange,
  change: () => Promise<Audited<Result>>,
): Promise<Result> {
  const { audit } = store.configuration;
  const entry: AuditEntry = { ...about, seq: seqs.next(), done: false, at: clock.now() };
  await audit.begin(entry);
  let audited: Audited<Result>;
  try {
    audited = await change();
  } catch (error) {
    if (isRefusal(error)) await audit.drop(entry.seq).catch(ignore);
    throw error;
  }
  const { result, changed } = audited;
  // The change has been made. If the entry cannot be completed, its outcome stays unknown.
  if (changed === null) await audit.drop(entry.seq).catch(ignore);
  else await audit.end({ ...entry, subject: { ...entry.subject, ...changed }, done: true }).catch(ignore);
  return result;
}

/**
 * Only these errors guarantee that nothing was changed. Others may occur after part of the change
 * was made.
 */
function isRefusal(error: unknown): boolean {
  return error instanceof Invalid || (error instanceof Problem && error.status < 500);
}

function ignore(): void {}
