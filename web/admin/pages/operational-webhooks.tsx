import { useEffect, useRef, useState } from "preact/hooks";
import type { OperationalEndpoint } from "../../../src/api/types.ts";
import { CreateEndpointForm } from "../../kit/endpoint/form.tsx";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Badge } from "../../kit/parts/badge.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { CardSection, Read } from "../../kit/parts/section.tsx";
import {
  changeOperationalEndpoint,
  createOperationalEndpoint,
  deleteOperationalEndpoint,
  getOperationalEndpoint,
  getOperationalEndpoints,
  getOperationalState,
  sendOperationalTest,
} from "../api/operational.ts";
import endpointStyle from "../endpoints/endpoint.module.css";
import { pendingText } from "../endpoints/overview.tsx";
import { OPERATIONAL_WEBHOOKS, operationalEndpointLink } from "../links.ts";
import { OperationalAttempts } from "../operational/attempts.tsx";
import { readOperationalEventTypes } from "../operational/event-types.ts";
import { OPERATIONAL_FIELDS, OperationalSettings } from "../operational/settings.tsx";
import { LoadedList } from "../parts/loaded-list.tsx";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";

/** Shows the endpoints that get events about this environment. */
export function OperationalWebhooksPage() {
  const reload = useRef<(() => void) | null>(null);
  return (
    <>
      <PageHead
        title="Operational webhooks"
        about="Your own endpoints that receive an event when a customer's endpoint fails or a backlog grows."
      />
      {may("v1.operational-webhook.endpoint.create") && <Creation onCreate={() => reload.current?.()} />}
      <LoadedList<OperationalEndpoint>
        label="operational webhooks"
        filters={[]}
        read={(_, iterator, signal) => getOperationalEndpoints(iterator, signal)}
        reloadRef={reload}
        empty={() => (
          <Empty title="No operational webhooks yet">
            <p>An operational webhook tells your alerting about failing endpoints and growing backlogs.</p>
          </Empty>
        )}
      >
        {(rows) => <DataTable label="Endpoints" columns={COLUMNS} rows={rows} keyOf={({ id }) => id} isLinked />}
      </LoadedList>
    </>
  );
}

const COLUMNS: readonly Column<OperationalEndpoint>[] = [
  {
    head: "URL",
    kind: "title",
    cell: ({ id, url, description }) => (
      <>
        <a href={operationalEndpointLink(id)}>{url}</a>
        {description !== "" && <div class="muted small">{description}</div>}
      </>
    ),
  },
  { head: "Event types", cell: ({ eventTypes }) => eventTypes?.join(", ") ?? "all" },
  { head: "State", kind: "fit", cell: (endpoint) => <State of={endpoint} /> },
];

function State({ of: { disabled, failingSince } }: { of: OperationalEndpoint }) {
  if (disabled) return <Badge tone="idle">disabled</Badge>;
  return failingSince === null ? <Badge tone="good">healthy</Badge> : <Badge tone="bad">failing</Badge>;
}

function Creation({ onCreate }: { onCreate: () => void }) {
  /** A new form for each endpoint. */
  const [times, setTimes] = useState(0);
  const action = useActionThen(onCreate);
  return (
    <CardSection title="New operational webhook">
      <CreateEndpointForm
        key={times}
        fields={OPERATIONAL_FIELDS}
        readEventTypes={readOperationalEventTypes}
        action={action}
        onSubmit={async (endpoint) => {
          const isCreated = await action.run(() => createOperationalEndpoint(endpoint), "The endpoint is added.");
          if (isCreated) setTimes(times + 1);
          return isCreated;
        }}
      />
    </CardSection>
  );
}

export function OperationalEndpointPage({ endpoint }: { endpoint: string }) {
  const [loaded, reload] = useLoaded(endpoint, (signal) => getOperationalEndpoint(endpoint, signal));
  return <Read of={loaded}>{(one) => <Details of={one} onChange={reload} />}</Read>;
}

interface DetailsProps {
  readonly of: OperationalEndpoint;
  readonly onChange: () => void;
}

function Details({ of, onChange }: DetailsProps) {
  const attempts = useRef<(() => void) | null>(null);
  return (
    <>
      <PageHead
        title={<span class={endpointStyle.title}>{of.url}</span>}
        above={[{ title: "Operational webhooks", href: OPERATIONAL_WEBHOOKS }]}
        about={
          <span class={endpointStyle.about}>
            <State of={of} />
            {of.failingSince !== null && (
              <span>
                All attempts have failed since <Instant at={of.failingSince} />.
              </span>
            )}
            {of.description !== "" && <span>{of.description}</span>}
            <span class="mono">{of.id}</span>
          </span>
        }
      >
        <Switch of={of} onChange={onChange} />
        <TestEvent of={of} onSent={() => attempts.current?.()} />
      </PageHead>
      <OperationalAttempts id={of.id} reloadRef={attempts} />
      <OperationalSettings endpoint={of} onChange={onChange} />
      <Deletion of={of} />
    </>
  );
}

function Switch({ of, onChange }: DetailsProps) {
  const action = useActionThen(onChange);
  if (!may("v1.operational-webhook.endpoint.upsert")) return null;
  const change = () => void action.run(() => changeOperationalEndpoint(of.id, { disabled: !of.disabled }));
  return (
    <>
      <button type="button" class="outline" disabled={action.busy} onClick={change}>
        {of.disabled ? "Enable" : "Disable"}
      </button>
      <Outcome action={action} />
    </>
  );
}

/** Times after a test event at which the attempts are read again. */
const AFTER_TEST_MS = [500, 1_500, 4_000];

function TestEvent({ of, onSent }: { of: OperationalEndpoint; onSent: () => void }) {
  const action = useActionThen(null);
  const timers = useRef<ReturnType<typeof setTimeout>[]>([]);
  useEffect(() => () => timers.current.forEach(clearTimeout), []);
  if (!may("operational-webhook.endpoint.send-example")) return null;
  const send = async () => {
    const isSent = await action.run(() => sendOperationalTest(of.id), "Sent. The attempt appears below.");
    if (isSent) timers.current = AFTER_TEST_MS.map((ms) => setTimeout(onSent, ms));
  };
  return (
    <>
      <button type="button" disabled={action.busy || of.disabled} onClick={() => void send()}>
        Send test event
      </button>
      <Outcome action={action} />
    </>
  );
}

function Deletion({ of }: { of: OperationalEndpoint }) {
  const action = useActionThen(null);
  const [state] = useLoaded(of.id, (signal) => getOperationalState(of.id, signal));
  if (!may("v1.operational-webhook.endpoint.delete")) return null;
  const remove = async () => {
    if (await action.run(() => deleteOperationalEndpoint(of.id))) location.hash = OPERATIONAL_WEBHOOKS;
  };
  return (
    <CardSection title="Delete" about="It receives no more events, and its waiting deliveries are cancelled.">
      <Confirm
        label="Delete endpoint"
        question={
          <>
            Delete 1 operational webhook, <span class="url">{of.url}</span>
            {state.value !== null && `, with ${pendingText(state.value)} waiting`}? This cannot be undone.
          </>
        }
        confirm="Delete"
        isDestructive
        action={action}
        onConfirm={() => void remove()}
      />
      <Outcome action={action} />
    </CardSection>
  );
}
