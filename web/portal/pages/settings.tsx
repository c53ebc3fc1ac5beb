import type { Endpoint, EndpointChange } from "../../../src/api/types.ts";
import { changeEndpoint, deleteEndpoint } from "../api.ts";
import { ENDPOINT_FIELDS, wordsOf } from "../endpoint-fields.ts";
import { Confirm, Outcome, useAction } from "../parts/action.tsx";
import { ChangeEndpointForm } from "../parts/endpoint-form.tsx";
import { EndpointFrame } from "../parts/endpoint-frame.tsx";
import { HeadersSection } from "../parts/headers.tsx";
import { SecretSection } from "../parts/secret.tsx";
import { CardSection } from "../parts/section.tsx";
import { ENDPOINTS } from "../route.ts";
import { may } from "../session.ts";

/** Shows the settings of one endpoint. */
export function SettingsPage({ id }: { id: string }) {
  return (
    <EndpointFrame id={id} tab="settings">
      {(endpoint) => (
        <>
          {may("v1.endpoint.patch") ? <Edit endpoint={endpoint} /> : <Facts endpoint={endpoint} />}
          <SecretSection endpoint={id} />
          {may("v1.endpoint.get-headers") && <HeadersSection endpoint={id} />}
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
        endpoint={endpoint}
        action={action}
        onSubmit={(change) => action.run(() => save(change), "Saved.")}
      />
    </CardSection>
  );
}

/**
 * Shows the settings to users who may not edit them. The page header already shows URL and
 * description.
 */
function Facts({ endpoint }: { endpoint: Endpoint }) {
  return (
    <CardSection title="Endpoint">
      <dl class="facts">
        {ENDPOINT_FIELDS.filter(({ name }) => name !== "url" && name !== "description").map((field) => (
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
