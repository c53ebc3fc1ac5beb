import { audited } from "../../../commands/audit.ts";
import type { OpenedSession } from "../../../commands/sessions.ts";
import type { Seq } from "../../../core/id.ts";
import type { AuditActor } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";

/** Who logs in, and with which operation. */
interface Login {
  readonly action: "session.create" | "login.complete";
  readonly environmentSeq: Seq;
  readonly actor: AuditActor;
}

/**
 * Opens a session and records it in the audit log. The operations are public, so the audit log does
 * not record them by itself.
 */
export function recordedLogin(
  context: Context,
  { action, environmentSeq, actor }: Login,
  open: () => Promise<OpenedSession>,
): Promise<OpenedSession> {
  return audited(context, { environmentSeq, actor, action, subject: {} }, async () => {
    const opened = await open();
    return { result: opened, changed: { sessionId: context.ids.encode("sess_", opened.session.seq) } };
  });
}
