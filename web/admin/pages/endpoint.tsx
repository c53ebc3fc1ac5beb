import type { Endpoint } from "../../../src/api/types.ts";
import { address } from "../../kit/address.ts";
import { EndpointNotice, EndpointState } from "../../kit/endpoint/state.tsx";
import { Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { Tabs } from "../../kit/parts/tabs.tsx";
import { reasonText } from "../../kit/reasons.ts";
import { getCustomer } from "../api/customers.ts";
import { changeEndpoint, type EndpointKey, getDetail, getEndpoint } from "../api/endpoints.ts";
import { Attempts } from "../endpoints/attempts.tsx";
import { DeadLetters } from "../endpoints/dead-letters.tsx";
import style from "../endpoints/endpoint.module.css";
import { Overview } from "../endpoints/overview.tsx";
import { Settings } from "../endpoints/settings.tsx";
import { customerLink, endpointLink, endpointsLink } from "../links.ts";
import { refresh } from "../live.ts";
import { May } from "../parts/may.tsx";
import { useLoaded } from "../reload.ts";
import { useResource } from "../resource.ts";

const TABS = [
  { name: undefined, title: "Overview" },
  { name: "attempts", title: "Attempts" },
  { name: "dead-letters", title: "Dead letters" },
  { name: "settings", title: "Settings" },
] as const;

/** Shows one endpoint. Each part has its own address. */
export function EndpointPage({ app, endpoint: id }: EndpointKey) {
  const of = { app, endpoint: id };
  const endpoint = useResource(`${app} ${id}`, (signal) => getEndpoint(of, signal), ["endpoints"]);
  const [customer] = useLoaded(app, (signal) => getCustomer(app, signal));
  const current = TABS.find(({ name }) => name === address.value.query.tab) ?? TABS[0];
  const above = [{ title: "Endpoints", href: endpointsLink() }];
  if (customer.value !== null) {
    above.unshift({ title: customer.value.name, href: customerLink(customer.value.id) });
  }
  const tabs = TABS.map((tab) => ({
    title: tab.title,
    href: endpointLink(app, id, tab.name),
    isCurrent: tab === current,
  }));
  return (
    <Read of={endpoint} lines={6}>
      {(known) => (
        <>
          <PageHead title={<span class={style.title}>{known.url}</span>} above={above} about={<About of={known} />}>
            <May operation="v1.endpoint.patch">
              <Switches of={of} endpoint={known} />
            </May>
          </PageHead>
          <EndpointNotice endpoint={known} failure={<LatestFailure of={of} />} />
          <Tabs label="Endpoint" tabs={tabs} />
          {current.name === undefined && <Overview of={of} endpoint={known} />}
          {current.name === "attempts" && <Attempts of={of} />}
          {current.name === "dead-letters" && <DeadLetters of={of} />}
          {current.name === "settings" && <Settings of={of} endpoint={known} />}
        </>
      )}
    </Read>
  );
}

function LatestFailure({ of }: { of: EndpointKey }) {
  const detail = useResource(`${of.app} ${of.endpoint}`, (signal) => getDetail(of, signal), ["endpoints"]).value;
  const reason = detail?.failureReason ?? null;
  if (reason === null) return null;
  return (
    <>
      {" "}
      The latest failure: <strong>{reasonText(reason)}</strong>.
    </>
  );
}

function About({ of }: { of: Endpoint }) {
  return (
    <span class={style.about}>
      <EndpointState endpoint={of} />
      {of.description !== "" && <span>{of.description}</span>}
      <span class="mono">{of.id}</span>
    </span>
  );
}

function Switches({ of, endpoint: { disabled, paused } }: { of: EndpointKey; endpoint: Endpoint }) {
  const action = useActionThen(refresh);
  const change = (sent: { disabled?: boolean; paused?: boolean }) => () =>
    void action.run(() => changeEndpoint(of, sent));
  return (
    <>
      {!disabled && (
        <button type="button" class="outline" disabled={action.busy} onClick={change({ paused: !paused })}>
          {paused ? "Resume" : "Pause"}
        </button>
      )}
      <button type="button" class="outline" disabled={action.busy} onClick={change({ disabled: !disabled })}>
        {disabled ? "Enable" : "Disable"}
      </button>
      <Outcome action={action} />
    </>
  );
}
