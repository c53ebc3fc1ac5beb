import { useState } from "preact/hooks";
import type { ApiToken, CreatedApiToken } from "../../../src/api/types.ts";
import { address, setQuery } from "../../kit/address.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Badge } from "../../kit/parts/badge.tsx";
import { Code } from "../../kit/parts/code.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { TextField } from "../../kit/parts/field.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { CardSection, Read } from "../../kit/parts/section.tsx";
import { createToken, getTokens, revokeToken } from "../api/installation.ts";
import { useLoaded } from "../reload.ts";

/** Shows the tokens of the environment, creates tokens and revokes them. */
export function TokensPage() {
  const place = usePlace("tokens");
  const withEnded = address.value.query.ended === "true";
  const [tokens, reload] = useLoaded(`${withEnded} ${place.iterator}`, (signal) =>
    getTokens(place.iterator, withEnded, signal),
  );
  return (
    <>
      <PageHead title="Tokens" about="Tokens let programs use the API of this environment." />
      <Creation onCreate={reload} />
      <label class="check">
        <input
          type="checkbox"
          checked={withEnded}
          onChange={(event) => setQuery({ ended: event.currentTarget.checked ? "true" : null })}
        />
        Show revoked and expired tokens
      </label>
      <Read of={tokens}>
        {(page) => (
          <>
            {page.data.length === 0 ? (
              <Empty title="No tokens">
                <p>Create a token above for each program that sends messages, so that each can be revoked alone.</p>
              </Empty>
            ) : (
              <DataTable label="Tokens" columns={columns(reload)} rows={page.data} keyOf={({ id }) => id} />
            )}
            <PageButtons of={page} place={place} label="Pages of tokens" />
          </>
        )}
      </Read>
    </>
  );
}

function Creation({ onCreate }: { onCreate: () => void }) {
  const [name, setName] = useState("");
  const [readOnly, setReadOnly] = useState(false);
  const [created, setCreated] = useState<CreatedApiToken | null>(null);
  const action = useActionThen(onCreate);
  const submit = (event: Event) => {
    event.preventDefault();
    setCreated(null);
    void action.run(async () => {
      setCreated(await createToken({ name: name.trim(), readOnly }));
      setName("");
    });
  };
  return (
    <CardSection title="New token">
      <form onSubmit={submit} noValidate>
        <TextField label="Name" value={name} onInput={setName} help="What uses the token, such as billing service." />
        <label class="check">
          <input type="checkbox" checked={readOnly} onChange={(event) => setReadOnly(event.currentTarget.checked)} />
          Read-only: reads everything except secrets, changes nothing
        </label>
        <div class="buttons">
          <button type="submit" disabled={action.busy || name.trim() === ""}>
            Create token
          </button>
          <Outcome action={action} />
        </div>
      </form>
      {created !== null && (
        <div role="status">
          <p>
            Copy the token <strong>{created.name}</strong> now. It is not shown again.
          </p>
          <Code copy={created.token}>{created.token}</Code>
        </div>
      )}
    </CardSection>
  );
}

function columns(onRevoke: () => void): readonly Column<ApiToken>[] {
  return [
    { head: "Name", kind: "title", cell: ({ name }) => name || <span class="muted">without a name</span> },
    { head: "Token", kind: "fit", cell: ({ censoredToken }) => <code>{censoredToken}</code> },
    {
      head: "May do",
      cell: ({ readOnly, scopes }) => `${readOnly ? "read-only: " : ""}${scopes?.join(", ") ?? "everything"}`,
    },
    { head: "Created", kind: "fit", cell: ({ createdAt }) => <Instant at={createdAt} /> },
    { head: "State", kind: "fit", cell: (token) => <State token={token} /> },
    {
      head: "Actions",
      kind: "actions",
      cell: (token) => (hasEnded(token) ? null : <Revocation token={token} onRevoke={onRevoke} />),
    },
  ];
}

function State({ token: { revokedAt, expiresAt } }: { token: ApiToken }) {
  if (revokedAt !== null) return <Badge tone="idle">revoked</Badge>;
  if (expiresAt === null) return <Badge tone="good">active</Badge>;
  if (Date.parse(expiresAt) <= Date.now()) return <Badge tone="idle">expired</Badge>;
  return (
    <span>
      expires <Instant at={expiresAt} />
    </span>
  );
}

function hasEnded({ revokedAt, expiresAt }: ApiToken): boolean {
  return revokedAt !== null || (expiresAt !== null && Date.parse(expiresAt) <= Date.now());
}

function Revocation({ token, onRevoke }: { token: ApiToken; onRevoke: () => void }) {
  const action = useActionThen(onRevoke);
  return (
    <>
      <Confirm
        label="Revoke"
        question={`Revoke 1 token, ${token.name || token.censoredToken}? Requests with this token then fail with 401.`}
        confirm="Revoke token"
        isDestructive
        action={action}
        onConfirm={() => void action.run(() => revokeToken(token.id))}
      />
      <Outcome action={action} />
    </>
  );
}
