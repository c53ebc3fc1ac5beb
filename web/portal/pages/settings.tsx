import type { Endpoint, EndpointChange } from "../../../src/api/types.ts";
import { wordsOf } from "../../kit/endpoint/draft.ts";
import { type FieldName, PORTAL_FIELDS } from "../../kit/endpoint/fields.ts";
import { FilterSection } from "../../kit/endpoint/filter.tsx";
import { ChangeEndpointForm } from "../../kit/endpoint/form.tsx";
import { HeadersSection } from "../../kit/endpoint/headers.tsx";
import { SecretSection } from "../../kit/endpoint/secret.tsx";
import {
  changeEndpoint,
  changeFilter,
  changeHeaders,
  deleteEndpoint,
  getEventTypeNames,
  getFilter,
  getHeaders,
  getSecret,
  previewFilter,
  rotateSecret,
} from "../api.ts";
import { Confirm, Outcome, useAction } from "../parts/action.tsx";
import { EndpointFrame } from "../parts/endpoint-frame.tsx";
import { CardSection } from "../parts/section.tsx";
import { refresh, useLive } from "../refresh.ts";
import { ENDPOINTS } from "../route.ts";
import { may, payloadVersions } from "../session.ts";

/** Shows the settings of one endpoint. */
export function SettingsPage({ id }: { id: string }) {
  return (
    <EndpointFrame id={id} tab="settings">
      {(endpoint) => (
        <>
          {may("v1.endpoint.patch") ? <Edit endpoint={endpoint} /> : <Facts endpoint={endpoint} />}
          <Secret endpoint={id} />
          {may("v1.endpoint.get-headers") && <Headers endpoint={id} />}
          {may("v1.endpoint.patch") && <Filter endpoint={id} />}
          {may("v1.endpoint.delete") && <Delete endpoint={endpoint} />}
        </>
      )}
    </EndpointFrame>
  );
}

function Edit({ endpoint }: { endpoint: Endpoint }) {
  const action = useAction();
  const save = async (change: EndpointChange) => {
    if (Object.keys(change).length > 0) await changeEndpoint(endpoint.id, change);
  };
  return (
    <CardSection title="Endpoint">
      <ChangeEndpointForm
        fields={PORTAL_FIELDS}
        readEventTypes={getEventTypeNames}
        versions={payloadVersions()}
        endpoint={endpoint}
        action={action}
        onSubmit={(change) => action.run(() => save(change), "Saved.")}
      />
    </CardSection>
  );
}

function Secret({ endpoint }: { endpoint: string }) {
  return (
    <SecretSection
      get={may("v1.endpoint.get-secret") ? () => getSecret(endpoint) : null}
      rotate={may("v1.endpoint.rotate-secret") ? (graceSeconds) => rotateSecret(endpoint, graceSeconds) : null}
      denied="Your link does not allow you to see the secret."
      onChange={refresh}
    />
  );
}

function Headers({ endpoint }: { endpoint: string }) {
  const headers = useLive(endpoint, (signal) => getHeaders(endpoint, signal));
  const change = may("v1.endpoint.patch-headers") ? changeHeaders.bind(null, endpoint) : null;
  return <HeadersSection headers={headers} change={change} onChange={refresh} />;
}

function Filter({ endpoint }: { endpoint: string }) {
  const filter = useLive(endpoint, (signal) => getFilter(endpoint, signal));
  const save = changeFilter.bind(null, endpoint);
  return <FilterSection filter={filter} save={save} preview={previewFilter.bind(null, endpoint)} onChange={refresh} />;
}

function isFact(name: FieldName, endpoint: Endpoint): boolean {
  if (name === "function") return endpoint.function !== null;
  return name !== "url" && name !== "description";
}

/**
 * Shows the settings to users who may not edit them. The page header already shows URL and
 * description.
 */
function Facts({ endpoint }: { endpoint: Endpoint }) {
  return (
    <CardSection title="Endpoint">
      <dl class="facts">
        {PORTAL_FIELDS.filter(({ name }) => isFact(name, endpoint)).map((field) => (
          <div key={field.name}>
            <dt>{field.label}</dt>
            <dd>{wordsOf(field, endpoint)}</dd>
          </div>
        ))}
      </dl>
    </CardSection>
  );
}

function Delete({ endpoint: { id, url } }: { endpoint: Endpoint }) {
  const action = useAction({ leads: true });
  const remove = async () => {
    await deleteEndpoint(id);
    location.hash = ENDPOINTS;
  };
  return (
    <CardSection title="Delete" about="Pending deliveries to this endpoint are cancelled. This cannot be undone.">
      <Confirm
        label="Delete endpoint"
        question={
          <>
            Delete <span class="url">{url}</span>?
          </>
        }
        confirm="Delete"
        isDestructive
        action={action}
        onConfirm={() => action.run(remove)}
      />
      <Outcome action={action} />
    </CardSection>
  );
}
