import { useRef } from "preact/hooks";
import type { ApiToken } from "../../../src/api/types.ts";
import type { Query } from "../../kit/address.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import type { Filter } from "../../kit/parts/filter-bar.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { getTokens, revokeToken } from "../api/tokens.ts";
import { auditLogLink } from "../links.ts";
import { CUSTOMER_FILTER } from "../parts/choosing.tsx";
import { LoadedList } from "../parts/loaded-list.tsx";
import { may } from "../session.ts";
import { TokenForm } from "../tokens/form.tsx";
import style from "../tokens/list.module.css";
import { hasEnded, TokenState } from "../tokens/state.tsx";

const ALL = "all";
const FILTERS: readonly Filter[] = [
  { name: "search", label: "Name contains", kind: "text" },
  {
    name: "state",
    label: "State",
    kind: "choice",
    unset: "active",
    choices: ["revoked", "expired", ALL].map((value) => ({ value, label: value })),
  },
  CUSTOMER_FILTER,
];

/** Shows the tokens of the environment, creates tokens and revokes them. */
export function TokensPage() {
  const reload = useRef<(() => void) | null>(null);
  return (
    <>
      <PageHead
        title="Tokens"
        about="Tokens let programs use the API of this environment. Choose a customer to see the tokens of its portal links."
      />
      {may("v1.management.authentication.create-api-token") && <TokenForm onCreate={() => reload.current?.()} />}
      <LoadedList<ApiToken>
        label="tokens"
        filters={FILTERS}
        read={(filters, iterator, signal) => getTokens({ ...requested(filters), iterator }, signal)}
        reloadRef={reload}
        empty={(isFiltered) => <NoTokens isFiltered={isFiltered} />}
      >
        {(tokens, reload) => (
          <DataTable label="Tokens" columns={columns(reload)} rows={tokens} keyOf={({ id }) => id} />
        )}
      </LoadedList>
    </>
  );
}

/** Returns the filters of the request. */
function requested({ state, ...filters }: Query): Query {
  return state === ALL ? { ...filters, include_ended: "true" } : { ...filters, state: state ?? "active" };
}

function NoTokens({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty title="No token matches">
        <p>Change or clear the filters.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No tokens">
      <p>Create a token for each program that sends messages, so that each can be revoked alone.</p>
    </Empty>
  );
}

function columns(onRevoke: () => void): readonly Column<ApiToken>[] {
  return [
    { head: "Name", kind: "title", cell: (token) => <Name of={token} /> },
    { head: "May do", cell: (token) => <div class={style.rights}>{rightsOf(token)}</div> },
    { head: "Created", kind: "fit", cell: ({ createdAt }) => <Instant at={createdAt} /> },
    {
      head: "Last used",
      kind: "fit",
      cell: ({ lastUsedAt }) =>
        lastUsedAt === null ? <span class="muted">not yet</span> : <Instant at={lastUsedAt} />,
    },
    { head: "State", kind: "fit", cell: (token) => <TokenState token={token} /> },
    {
      head: "Actions",
      kind: "actions",
      cell: (token) =>
        hasEnded(token) || !may("v1.management.authentication.expire-api-token") ? null : (
          <Revocation token={token} onRevoke={onRevoke} />
        ),
    },
  ];
}

/** The name, as a link to what the token has changed. */
function Name({ of: { id, name, censoredToken } }: { of: ApiToken }) {
  return (
    <div class={style.name}>
      <a href={auditLogLink({ actor: id })} title="What it has changed">
        {name || "without a name"}
      </a>
      <code>{censoredToken}</code>
    </div>
  );
}

function rightsOf({ readOnly, scopes }: ApiToken): string {
  return `${readOnly ? "read-only: " : ""}${scopes?.join(", ") ?? "everything"}`;
}

function Revocation({ token, onRevoke }: { token: ApiToken; onRevoke: () => void }) {
  const action = useActionThen(onRevoke);
  return (
    <>
      <Confirm
        label="Revoke"
        question={`Revoke 1 token, ${token.name || token.censoredToken}? Requests with this token then fail with 401, and the sessions that it opened end.`}
        confirm="Revoke token"
        isDestructive
        action={action}
        onConfirm={() => void action.run(() => revokeToken(token.id))}
      />
      <Outcome action={action} />
    </>
  );
}
