import type { Session } from "../../../src/api/types.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Badge } from "../../kit/parts/badge.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Instant, Upcoming } from "../../kit/parts/instant.tsx";
import { endSession } from "../api/sessions.ts";
import { may } from "../session.ts";
import { browserOf } from "./browser.ts";
import style from "./list.module.css";

/** `onEnd` is called after a session has ended. */
export function SessionTable({ sessions, onEnd }: { sessions: readonly Session[]; onEnd: () => void }) {
  return <DataTable label="Sessions" columns={columns(onEnd)} rows={sessions} keyOf={({ id }) => id} />;
}

const OPENED_WITH: Readonly<Record<string, string>> = {
  root: "root token",
  token: "token",
  jwt: "JWT",
  user: "identity provider",
};

function columns(onEnd: () => void): readonly Column<Session>[] {
  return [
    { head: "Who", kind: "title", cell: (session) => <Who of={session} /> },
    { head: "Logged in with", kind: "fit", cell: ({ type }) => OPENED_WITH[type] ?? type },
    { head: "From", cell: (session) => <From session={session} /> },
    { head: "Logged in", kind: "fit", cell: ({ createdAt }) => <Instant at={createdAt} /> },
    { head: "Last used", kind: "fit", cell: ({ lastUsedAt }) => <Instant at={lastUsedAt} /> },
    { head: "Ends", kind: "extra", cell: ({ expiresAt }) => <Upcoming at={expiresAt} /> },
    {
      head: "Actions",
      kind: "actions",
      cell: (session) =>
        session.current || !may("session.delete") ? null : <Ending session={session} onEnd={onEnd} />,
    },
  ];
}

/** Returns the name of the session's owner. A token may be without a name. */
export function ownerName({ name, email, tokenId }: Session): string {
  return email ?? (name || tokenId || "without a name");
}

function Who({ of: session }: { of: Session }) {
  const { name, email, current } = session;
  return (
    <div class={style.who}>
      {ownerName(session)}
      {email !== null && name !== email && <div class="muted small">{name}</div>}
      {current && (
        <div>
          <Badge tone="good">this session</Badge>
        </div>
      )}
    </div>
  );
}

function From({ session: { userAgent, address } }: { session: Session }) {
  return (
    <div class={style.from} title={userAgent}>
      {browserOf(userAgent) || <span class="muted">unknown browser</span>}
      <div class="muted small">{address}</div>
    </div>
  );
}

function Ending({ session, onEnd }: { session: Session; onEnd: () => void }) {
  const action = useActionThen(onEnd);
  return (
    <>
      <Confirm
        label="End"
        question={`End 1 session, that of ${ownerName(session)} in ${browserOf(session.userAgent) || "an unknown browser"}? The browser must log in again.`}
        confirm="End session"
        isDestructive
        action={action}
        onConfirm={() => void action.run(() => endSession(session.id))}
      />
      <Outcome action={action} />
    </>
  );
}
