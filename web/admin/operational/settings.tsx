import type { OperationalEndpoint } from "../../../src/api/types.ts";
import { ENDPOINT_FIELDS, type EndpointField } from "../../kit/endpoint/fields.ts";
import { HeadersSection } from "../../kit/endpoint/headers.tsx";
import { SecretSection } from "../../kit/endpoint/secret.tsx";
import {
  changeOperationalEndpoint,
  getOperationalHeaders,
  getOperationalSecret,
  getOperationalState,
  replaceOperationalHeaders,
  rotateOperationalSecret,
} from "../api/operational.ts";
import { SettingsSection } from "../endpoints/settings-section.tsx";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";
import { readOperationalEventTypes } from "./event-types.ts";

const NAMES = ["url", "description", "eventTypes", "throttleRate", "uid", "metadata"];
/** The settings that endpoints for operational webhooks have. */
export const OPERATIONAL_FIELDS = ENDPOINT_FIELDS.filter(({ name }) => NAMES.includes(name)).map((field) => {
  // The help mentions functions, which these endpoints cannot be.
  const { help: _, ...url } = field;
  return field.kind === "url" ? (url as EndpointField) : field;
});

interface SettingsProps {
  readonly endpoint: OperationalEndpoint;
  readonly onChange: () => void;
}

/** Shows and changes the settings, the secret and the headers. */
export function OperationalSettings({ endpoint, onChange }: SettingsProps) {
  const { id } = endpoint;
  const [state, reloadState] = useLoaded(id, (signal) => getOperationalState(id, signal));
  return (
    <>
      <SettingsSection
        operation="v1.operational-webhook.endpoint.upsert"
        fields={OPERATIONAL_FIELDS}
        readEventTypes={readOperationalEventTypes}
        endpoint={endpoint}
        save={(change) => changeOperationalEndpoint(id, change)}
        onChange={onChange}
      />
      <SecretSection
        get={may("v1.operational-webhook.endpoint.get-secret") ? () => getOperationalSecret(id) : null}
        rotate={
          may("v1.operational-webhook.endpoint.rotate-secret")
            ? (graceSeconds, key) => rotateOperationalSecret(id, graceSeconds, key)
            : null
        }
        allowsOwn
        denied="Your token does not allow you to see the secret."
        oldUntil={state.value?.oldSecretUntil ?? null}
        onChange={reloadState}
      />
      <Headers id={id} />
    </>
  );
}

/** The API replaces all headers, and does not show the values of sensitive ones, so those cannot be kept. */
function Headers({ id }: { id: string }) {
  const [headers, reload] = useLoaded(id, (signal) => getOperationalHeaders(id, signal));
  const known = headers.value;
  const canChange =
    known !== null && known.sensitive.length === 0 && may("v1.operational-webhook.endpoint.set-headers");
  const change = async (changed: Readonly<Record<string, string | null>>) => {
    const { headers } = await getOperationalHeaders(id);
    const next = Object.entries({ ...headers, ...changed }).filter(
      (entry): entry is [string, string] => entry[1] !== null,
    );
    await replaceOperationalHeaders(id, Object.fromEntries(next));
  };
  return <HeadersSection headers={headers} change={canChange ? change : null} onChange={reload} />;
}
