import { useState } from "preact/hooks";
import type { EndpointChange, OperationalEndpoint, WrittenOperationalEndpoint } from "../../../src/api/types.ts";
import { ENDPOINT_FIELDS, type EndpointField } from "../../kit/endpoint/fields.ts";
import { ChangeEndpointForm } from "../../kit/endpoint/form.tsx";
import { HeadersSection } from "../../kit/endpoint/headers.tsx";
import { SecretSection } from "../../kit/endpoint/secret.tsx";
import { useActionThen } from "../../kit/parts/action.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import {
  changeOperationalEndpoint,
  getOperationalHeaders,
  getOperationalSecret,
  getOperationalState,
  replaceOperationalHeaders,
  rotateOperationalSecret,
} from "../api/operational.ts";
import { Warnings } from "../endpoints/settings.tsx";
import { Changing } from "../parts/may.tsx";
import { useLoaded } from "../reload.ts";
import { may } from "../session.ts";
import { readOperationalEventTypes } from "./event-types.ts";

const NAMES = ["url", "description", "eventTypes", "throttleRate", "uid", "metadata"];
/** The settings that endpoints for operational webhooks have. */
export const OPERATIONAL_FIELDS = ENDPOINT_FIELDS.filter(({ name }) => NAMES.includes(name)).map((field) => {
  // These endpoints cannot be functions, of which the help tells.
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
      <Edit endpoint={endpoint} onChange={onChange} />
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

function Edit({ endpoint, onChange }: SettingsProps) {
  const [warnings, setWarnings] = useState<WrittenOperationalEndpoint["warnings"]>([]);
  const action = useActionThen(onChange);
  const save = async (change: EndpointChange) => {
    if (Object.keys(change).length === 0) return;
    setWarnings((await changeOperationalEndpoint(endpoint.id, change)).warnings);
  };
  return (
    <CardSection title="Settings">
      <Changing operation="v1.operational-webhook.endpoint.upsert">
        <ChangeEndpointForm
          fields={OPERATIONAL_FIELDS}
          readEventTypes={readOperationalEventTypes}
          endpoint={endpoint}
          action={action}
          onSubmit={(change) => action.run(() => save(change), "Saved.")}
        />
      </Changing>
      <Warnings of={warnings} />
    </CardSection>
  );
}

/** The API replaces all headers, and does not tell the values of sensitive ones, so those cannot be kept. */
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
