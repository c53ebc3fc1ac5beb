import type { Endpoint } from "../../../src/api/types.ts";
import { ENDPOINT_FIELDS } from "../../kit/endpoint/fields.ts";
import { FilterSection } from "../../kit/endpoint/filter.tsx";
import { HeadersSection } from "../../kit/endpoint/headers.tsx";
import { SecretSection } from "../../kit/endpoint/secret.tsx";
import { Confirm, Outcome, useActionThen } from "../../kit/parts/action.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import { counted } from "../../kit/words.ts";
import {
  changeEndpoint,
  changeFilter,
  changeHeaders,
  deleteEndpoint,
  type EndpointKey,
  getDeadLetters,
  getDefaults,
  getDetail,
  getFilter,
  getHeaders,
  getSecret,
  previewFilter,
  rotateSecret,
} from "../api/endpoints.ts";
import { getEventTypes } from "../api/event-types.ts";
import { endpointsLink } from "../links.ts";
import { refresh } from "../live.ts";
import { May } from "../parts/may.tsx";
import { usePayloadVersions } from "../payload-versions/use.ts";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";
import { Authentication } from "./authentication.tsx";
import { pendingText } from "./overview.tsx";
import { SettingsSection } from "./settings-section.tsx";

interface SettingsProps {
  readonly of: EndpointKey;
  readonly endpoint: Endpoint;
}

/** Shows and changes the settings of an endpoint. */
export function Settings({ of, endpoint }: SettingsProps) {
  const [headers, reloadHeaders] = useLoaded(`${of.app} ${of.endpoint}`, (signal) => getHeaders(of, signal));
  const [detail, reloadDetail] = useLoaded(`${of.app} ${of.endpoint}`, (signal) => getDetail(of, signal));
  return (
    <>
      <Edit of={of} endpoint={endpoint} />
      <SecretSection
        get={may("v1.endpoint.get-secret") ? () => getSecret(of) : null}
        rotate={may("v1.endpoint.rotate-secret") ? (graceSeconds, key) => rotateSecret(of, graceSeconds, key) : null}
        allowsOwn
        denied="Your token does not allow you to see the secret."
        oldUntil={detail.value?.oldSecretUntil ?? null}
        onChange={reloadDetail}
      />
      <HeadersSection
        headers={headers}
        change={may("v1.endpoint.patch-headers") ? (changed) => changeHeaders(of, changed) : null}
        onChange={reloadHeaders}
      />
      <Filter key={`filter of ${of.app} ${of.endpoint}`} of={of} />
      <Authentication key={`${of.app} ${of.endpoint}`} of={of} endpoint={endpoint} />
      <May operation="v1.endpoint.delete">
        <Delete of={of} endpoint={endpoint} />
      </May>
    </>
  );
}

function Filter({ of }: Pick<SettingsProps, "of">) {
  const [filter, reload] = useLoaded(`${of.app} ${of.endpoint}`, (signal) => getFilter(of, signal));
  if (!may("endpoint.filter-preview")) return null;
  return (
    <FilterSection
      filter={filter}
      save={may("v1.endpoint.patch") ? (text) => changeFilter(of, text) : null}
      preview={(text) => previewFilter(of, text)}
      onChange={reload}
    />
  );
}

function Edit({ of, endpoint }: SettingsProps) {
  const [defaults] = useLoaded("defaults", getDefaults);
  return (
    <SettingsSection
      operation="v1.endpoint.patch"
      fields={ENDPOINT_FIELDS}
      readEventTypes={getEventTypes}
      endpoint={endpoint}
      versions={usePayloadVersions()}
      defaultDelays={defaults.value?.retrySchedule ?? null}
      isOpen
      save={(change) => changeEndpoint(of, change)}
      onChange={refresh}
    />
  );
}

function Delete({ of, endpoint }: SettingsProps) {
  const action = useActionThen(null);
  const [detail] = useLoaded(`${of.app} ${of.endpoint}`, (signal) => getDetail(of, signal));
  const [dead] = useLoaded(`${of.app} ${of.endpoint}`, (signal) => getDeadLetters(of, 1, signal));
  const remove = async () => {
    if (await action.run(() => deleteEndpoint(of))) location.hash = endpointsLink();
  };
  return (
    <CardSection
      title="Delete"
      about="Deliveries to this endpoint that wait are cancelled, and its dead letters can no longer be sent again."
    >
      <Confirm
        label="Delete endpoint"
        question={
          <>
            Delete 1 endpoint, <span class="url">{endpoint.url}</span>
            {detail.value !== null && `, with ${pendingText(detail.value)} waiting`}
            {dead.value !== null && ` and ${counted(dead.value.total, "dead letter")}`}? This cannot be undone.
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
