import type { ComponentChildren } from "preact";
import type { Endpoint } from "../../../src/api/types.ts";
import { EndpointNotice, EndpointState } from "../../kit/endpoint/state.tsx";
import { VersionNotice } from "../../kit/endpoint/version.tsx";
import { changeEndpoint, getEndpoint, verifyEndpoint } from "../api.ts";
import { useLive } from "../refresh.ts";
import { ENDPOINTS, endpointLink, settingsLink, transformationLink } from "../route.ts";
import { may, payloadVersions } from "../session.ts";
import { Outcome, useAction } from "./action.tsx";
import { Read } from "./section.tsx";

interface FrameProps {
  readonly id: string;
  readonly tab: "deliveries" | "transformation" | "settings";
  readonly children: (endpoint: Endpoint) => ComponentChildren;
}

/** The frame of an endpoint's pages: its URL, its state and the tabs. */
export function EndpointFrame({ id, tab, children }: FrameProps) {
  const endpoint = useLive(id, (signal) => getEndpoint(id, signal));
  return (
    <>
      <nav aria-label="Breadcrumb" class="breadcrumb">
        <a href={ENDPOINTS}>Endpoints</a>
      </nav>
      <Read of={endpoint} lines={2}>
        {(known) => (
          <>
            <Head endpoint={known} />
            <nav class="tabs" aria-label="Endpoint">
              <a href={endpointLink(id)} aria-current={tab === "deliveries" ? "page" : undefined}>
                Deliveries
              </a>
              {may("v1.endpoint.transformation.get") && (
                <a href={transformationLink(id)} aria-current={tab === "transformation" ? "page" : undefined}>
                  Transformation
                </a>
              )}
              <a href={settingsLink(id)} aria-current={tab === "settings" ? "page" : undefined}>
                Settings
              </a>
            </nav>
            {children(known)}
          </>
        )}
      </Read>
    </>
  );
}

function Head({ endpoint }: { endpoint: Endpoint }) {
  return (
    <>
      <div class="page-head">
        <div>
          <h1 class="endpoint-title">{endpoint.url}</h1>
          <p class="muted endpoint-about">
            <EndpointState endpoint={endpoint} />
            {endpoint.apiVersion !== null && <span>payload version {endpoint.apiVersion}</span>}
            {endpoint.description}
          </p>
        </div>
        {may("v1.endpoint.patch") && <Switches endpoint={endpoint} />}
      </div>
      <VersionNotice endpoint={endpoint} versions={payloadVersions()} />
      <EndpointNotice endpoint={endpoint} verify={may("endpoint.verify") && <Verify id={endpoint.id} />} />
    </>
  );
}

function Verify({ id }: { id: string }) {
  const action = useAction();
  return (
    <div>
      <button
        type="button"
        class="outline small"
        disabled={action.busy}
        onClick={() => action.run(() => verifyEndpoint(id), "The challenge is sent again.")}
      >
        Try again
      </button>
      <Outcome action={action} />
    </div>
  );
}

function Switches({ endpoint: { id, disabled, paused, verified } }: { endpoint: Endpoint }) {
  const action = useAction();
  const change = (sent: { disabled?: boolean; paused?: boolean }) => () => action.run(() => changeEndpoint(id, sent));
  return (
    <div class="switches">
      <div class="buttons">
        {!disabled && verified && (
          <button type="button" class="outline small" disabled={action.busy} onClick={change({ paused: !paused })}>
            {paused ? "Resume" : "Pause"}
          </button>
        )}
        <button type="button" class="outline small" disabled={action.busy} onClick={change({ disabled: !disabled })}>
          {disabled ? "Enable" : "Disable"}
        </button>
      </div>
      <Outcome action={action} />
    </div>
  );
}
