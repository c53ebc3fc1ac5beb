import type { Endpoint, EndpointDetail } from "../../../src/api/types.ts";
import { address } from "../../kit/address.ts";
import { EndpointNotice, EndpointState } from "../../kit/endpoint/state.tsx";
import { TransformationSection } from "../../kit/endpoint/transformation/section.tsx";
import { VersionNotice } from "../../kit/endpoint/version.tsx";
import { Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { Problem } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { Tabs } from "../../kit/parts/tabs.tsx";
import { reasonText } from "../../kit/reasons.ts";
import { getCustomer } from "../api/customers.ts";
import { changeEndpoint, type EndpointKey, getDetail, getEndpoint } from "../api/endpoints.ts";
import { endpointTransformation } from "../api/transformation.ts";
import { Attempts } from "../endpoints/attempts.tsx";
import { DeadLetters } from "../endpoints/dead-letters.tsx";
import style from "../endpoints/endpoint.module.css";
import { Overview } from "../endpoints/overview.tsx";
import { Settings } from "../endpoints/settings.tsx";
import { Verify } from "../endpoints/verify.tsx";
import { auditLogLink, customerLink, endpointLink, endpointsLink } from "../links.ts";
import { refresh } from "../live.ts";
import { May } from "../parts/may.tsx";
import { usePayloadVersions } from "../payload-versions/use.ts";
import { useLoaded } from "../reload.ts";
import { useResource } from "../resource.ts";
import { may } from "../session.ts";

const TABS = [
  { name: undefined, title: "Overview" },
  { name: "attempts", title: "Attempts" },
  { name: "dead-letters", title: "Dead letters" },
  { name: "transformation", title: "Transformation" },
  { name: "settings", title: "Settings" },
] as const;

/** Shows one endpoint. Each part has its own address, and loads at the same time as the endpoint. */
export function EndpointPage({ app, endpoint: id }: EndpointKey) {
  const of = { app, endpoint: id };
  const key = `${app} ${id}`;
  const { value: known, error } = useResource(key, (signal) => getEndpoint(of, signal), ["endpoints"]);
  const detail = useResource(key, (signal) => getDetail(of, signal), ["endpoints", "deliveries"]).value;
  const [customer] = useLoaded(app, (signal) => getCustomer(app, signal));
  const versions = usePayloadVersions();
  const current = TABS.find(({ name }) => name === address.value.query.tab) ?? TABS[0];
  const above = [{ title: "Endpoints", href: endpointsLink() }];
  if (customer.value !== null) {
    above.unshift({ title: customer.value.name, href: customerLink(customer.value.id) });
  }
  const shown = TABS.filter(({ name }) => name !== "transformation" || may("v1.endpoint.transformation.get"));
  const tabs = shown.map((tab) => ({
    title: tab.title,
    href: endpointLink(app, id, tab.name),
    isCurrent: tab === current,
  }));
  return (
    <>
      <PageHead
        title={known === null ? "Endpoint" : <span class={style.title}>{known.url}</span>}
        above={above}
        {...(known !== null && { about: <About of={known} /> })}
      >
        {known !== null && (
          <May operation="v1.endpoint.patch">
            <Switches of={of} endpoint={known} />
          </May>
        )}
      </PageHead>
      {error !== null && <Problem>{error.message}</Problem>}
      {(known !== null || error === null) && (
        <>
          {known !== null && (
            <EndpointNotice
              endpoint={known}
              failure={<LatestFailure of={detail} />}
              remedy={<WhenDisabled endpoint={known.id} />}
              verify={<Verify of={of} />}
            />
          )}
          {known !== null && <VersionNotice endpoint={known} versions={versions} />}
          <Tabs label="Endpoint" tabs={tabs} />
          {current.name === undefined && <Overview of={of} endpoint={known} detail={detail} />}
          {current.name === "attempts" && <Attempts of={of} />}
          {current.name === "dead-letters" && <DeadLetters of={of} />}
          {current.name === "transformation" && <TransformationSection of={key} api={endpointTransformation(of)} />}
          {current.name === "settings" && (
            <Read of={{ value: known, error: null }} lines={6}>
              {(endpoint) => <Settings of={of} endpoint={endpoint} />}
            </Read>
          )}
        </>
      )}
    </>
  );
}

/** Leads to who changed a disabled endpoint, and says what to do about the messages that it misses. */
function WhenDisabled({ endpoint }: { endpoint: string }) {
  return (
    <>
      {" "}
      Once it is enabled, send the messages that it missed with “Send messages again”.{" "}
      <a href={auditLogLink({ text: endpoint })}>Who changed it</a>
    </>
  );
}

function LatestFailure({ of }: { of: EndpointDetail | null }) {
  const reason = of?.failureReason ?? null;
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
      {of.apiVersion !== null && <span>payload version {of.apiVersion}</span>}
      {of.description !== "" && <span>{of.description}</span>}
      <span class="mono">{of.id}</span>
    </span>
  );
}

function Switches({ of, endpoint: { disabled, paused, verified } }: { of: EndpointKey; endpoint: Endpoint }) {
  const action = useActionThen(refresh);
  const change = (sent: { disabled?: boolean; paused?: boolean }) => () =>
    void action.run(() => changeEndpoint(of, sent));
  return (
    <>
      {!disabled && verified && (
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
