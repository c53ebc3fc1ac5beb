import { useState } from "preact/hooks";
import type { ApiToken, Application, Capability, PortalAccess } from "../../../src/api/types.ts";
import { address, setQuery } from "../../kit/address.ts";
import { BASE } from "../../kit/base.ts";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Code } from "../../kit/parts/code.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { SelectField } from "../../kit/parts/field.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { CardSection, Read } from "../../kit/parts/section.tsx";
import { createAccess, endAccess, getTokensOf } from "../api/customers.ts";
import { revokeToken } from "../api/tokens.ts";
import { May } from "../parts/may.tsx";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";
import { hasEnded, TokenState } from "../tokens/state.tsx";
import style from "./access.module.css";

const RIGHTS = [
  { value: "all", label: "everything that a customer may do" },
  { value: "read", label: "read only" },
  { value: "some", label: "selected rights" },
];

/** The rights that can be selected beside `ViewBase`, which every link has. */
const CAPABILITIES: readonly (readonly [Capability, string])[] = [
  ["ViewEndpointSecret", "See the secrets of endpoints"],
  ["ManageEndpointSecret", "See and rotate the secrets of endpoints"],
  ["CreateAttempts", "Resend messages and recover missed ones"],
  ["ManageEndpoint", "Create, change and delete endpoints"],
  ["ManageTransformations", "Change transformations"],
];

const HOUR_SECONDS = 3_600;
const EXPIRIES = [
  { value: String(HOUR_SECONDS), label: "1 hour" },
  { value: String(24 * HOUR_SECONDS), label: "1 day" },
  { value: String(7 * 24 * HOUR_SECONDS), label: "7 days" },
];

/** Opens the portal as the customer, creates its tokens and ends them. */
export function CustomerAccess({ customer }: { customer: Application }) {
  const place = usePlace();
  const withEnded = address.value.query.ended === "true";
  const [tokens, reload] = useLoaded(`${customer.id} ${withEnded} ${place.iterator}`, (signal) =>
    getTokensOf(customer.id, place.iterator, withEnded, signal),
  );
  return (
    <>
      <May operation="v1.authentication.app-portal-access">
        <Portal customer={customer} onCreate={reload} />
      </May>
      <div class="section-head">
        <h2>Tokens</h2>
      </div>
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
            {page.data.length === 0 && place.number === 1 ? (
              <Empty title="No tokens">
                <p>Each portal link has a token.</p>
              </Empty>
            ) : (
              <DataTable label="Tokens" columns={columns(reload)} rows={page.data} keyOf={({ id }) => id} />
            )}
            <PageButtons of={page} place={place} label="Pages of tokens" />
          </>
        )}
      </Read>
      <May operation="v1.authentication.expire-all">
        <EndOfAccess customer={customer} onEnd={reload} />
      </May>
    </>
  );
}

function Portal({ customer, onCreate }: { customer: Application; onCreate: () => void }) {
  const [rights, setRights] = useState("all");
  const [chosen, setChosen] = useState<ReadonlySet<Capability>>(new Set());
  const [expiry, setExpiry] = useState(EXPIRIES[0]!.value);
  const [created, setCreated] = useState<PortalAccess | null>(null);
  const action = useActionThen(onCreate);

  const access = () =>
    createAccess(customer.id, { capabilities: capabilitiesOf(rights, chosen), expiry: Number(expiry) });
  const show = () => {
    setCreated(null);
    void action.run(async () => setCreated(await access()));
  };
  const open = () => {
    setCreated(null);
    // The tab is opened before the request, because browsers block tabs that no click opens.
    const tab = window.open("", "_blank");
    if (tab !== null) tab.opener = null;
    void action.run(async () => {
      try {
        const made = await access();
        if (tab === null) setCreated(made);
        else tab.location.replace(portalHere(made.url));
      } catch (error) {
        tab?.close();
        throw error;
      }
    });
  };

  return (
    <CardSection
      title="Portal"
      about="In the portal, a customer sees its own endpoints and messages. A link contains a token; whoever has the link can use it."
    >
      <SelectField label="The link allows" value={rights} choices={RIGHTS} onChange={setRights} />
      {rights === "some" && (
        <fieldset class={style.rights}>
          <legend>Rights beside reading</legend>
          {CAPABILITIES.map(([capability, label]) => (
            <label key={capability} class="check">
              <input
                type="checkbox"
                checked={chosen.has(capability)}
                onChange={(event) => setChosen(changed(chosen, capability, event.currentTarget.checked))}
              />
              {label}
            </label>
          ))}
        </fieldset>
      )}
      <SelectField label="Valid for" value={expiry} choices={EXPIRIES} onChange={setExpiry} />
      <div class="buttons">
        <button type="button" disabled={action.busy} onClick={open}>
          Open the portal as this customer
        </button>
        <button type="button" class="outline" disabled={action.busy} onClick={show}>
          Create a link
        </button>
        <Outcome action={action} />
      </div>
      {created !== null && <Created access={created} />}
    </CardSection>
  );
}

function capabilitiesOf(rights: string, chosen: ReadonlySet<Capability>): readonly Capability[] | null {
  if (rights === "all") return null;
  return rights === "read" ? ["ViewBase"] : ["ViewBase", ...chosen];
}

function changed(chosen: ReadonlySet<Capability>, capability: Capability, isChosen: boolean): ReadonlySet<Capability> {
  const next = new Set(chosen);
  if (isChosen) next.add(capability);
  else next.delete(capability);
  return next;
}

/** Returns a portal link at the address of this page: the public address may not be reachable from here. */
function portalHere(url: string): string {
  return `${location.origin}${BASE}/portal/${new URL(url).hash}`;
}

function Created({ access: { url, token } }: { access: PortalAccess }) {
  return (
    <div role="status" class={style.created}>
      <p>Copy the link or the token now. They are not shown again.</p>
      <Code copy={url}>{url}</Code>
      <p class="muted small">The token alone, for programs that use the API as this customer:</p>
      <Code copy={token}>{token}</Code>
    </div>
  );
}

function columns(onRevoke: () => void): readonly Column<ApiToken>[] {
  return [
    {
      head: "Token",
      kind: "title",
      cell: ({ name, censoredToken }) => (
        <>
          <code>{censoredToken}</code>
          {name && <div class="muted small">{name}</div>}
        </>
      ),
    },
    { head: "May do", cell: ({ scopes }) => scopes?.join(", ") ?? "everything that a customer may do" },
    { head: "Created", kind: "fit", cell: ({ createdAt }) => <Instant at={createdAt} /> },
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

function Revocation({ token, onRevoke }: { token: ApiToken; onRevoke: () => void }) {
  const action = useActionThen(onRevoke);
  return (
    <>
      <Confirm
        label="Revoke"
        question={`Revoke 1 token, ${token.censoredToken}? Its portal link stops working.`}
        confirm="Revoke token"
        isDestructive
        action={action}
        onConfirm={() => void action.run(() => revokeToken(token.id))}
      />
      <Outcome action={action} />
    </>
  );
}

function EndOfAccess({ customer, onEnd }: { customer: Application; onEnd: () => void }) {
  const action = useActionThen(onEnd);
  return (
    <div class={style.end}>
      <Confirm
        label="End all access"
        question={`End all tokens and portal links of ${customer.name}, including tokens that other programs have signed as JWTs? New ones can be created afterwards.`}
        confirm="End all access now"
        isDestructive
        action={action}
        onConfirm={() => void action.run(() => endAccess(customer.id), "All tokens have ended.")}
      />
      <Outcome action={action} />
    </div>
  );
}
