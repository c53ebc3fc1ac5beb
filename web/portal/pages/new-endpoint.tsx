import { useState } from "preact/hooks";
import type { EndpointCreation, WrittenEndpoint } from "../../../src/api/types.ts";
import { PORTAL_FIELDS } from "../../kit/endpoint/fields.ts";
import { CreateEndpointForm } from "../../kit/endpoint/form.tsx";
import { CopyButton } from "../../kit/parts/copy-button.tsx";
import { Empty, Problem } from "../../kit/parts/notice.tsx";
import { createEndpoint, getEventTypeNames, getSecret } from "../api.ts";
import { useAction } from "../parts/action.tsx";
import { CardSection } from "../parts/section.tsx";
import { ENDPOINTS, endpointLink } from "../route.ts";
import { may, payloadVersions } from "../session.ts";

interface Created {
  readonly endpoint: WrittenEndpoint;
  /** Null if the token may not read the secret. */
  readonly secret: string | null;
}

export function NewEndpointPage() {
  const [created, setCreated] = useState<Created | null>(null);
  const action = useAction();
  const create = (wanted: EndpointCreation) =>
    action.run(async () => {
      const endpoint = await createEndpoint(wanted);
      // The endpoint exists now, so a failure to read its secret is ignored.
      const secret = may("v1.endpoint.get-secret") ? await getSecret(endpoint.id).catch(() => null) : null;
      setCreated({ endpoint, secret });
    });
  return (
    <>
      <nav aria-label="Breadcrumb" class="breadcrumb">
        <a href={ENDPOINTS}>Endpoints</a>
      </nav>
      {created !== null ? (
        <CreatedPage {...created} />
      ) : (
        <>
          <h1>Add endpoint</h1>
          {may("v1.endpoint.create") ? (
            <section class="card">
              <CreateEndpointForm
                fields={PORTAL_FIELDS}
                readEventTypes={getEventTypeNames}
                versions={payloadVersions()}
                action={action}
                onSubmit={create}
              />
            </section>
          ) : (
            <Empty title="Your link does not allow you to add endpoints" />
          )}
        </>
      )}
    </>
  );
}

function CreatedPage({ endpoint, secret }: Created) {
  return (
    <>
      <h1 tabIndex={-1} ref={(heading) => heading?.focus()}>
        Endpoint added
      </h1>
      <p class="url">
        New messages are sent to <strong>{endpoint.url}</strong>.
      </p>
      {endpoint.warnings.map(({ code, detail }) => (
        <Problem key={code}>{detail}</Problem>
      ))}
      {secret !== null && (
        <CardSection
          title="Signing secret"
          about="Add this secret to the configuration of your server, so that it can verify webhooks. You can also find the secret in the settings of the endpoint."
        >
          <div class="secret">
            <code>{secret}</code>
            <CopyButton text={secret} />
          </div>
        </CardSection>
      )}
      <a href={endpointLink(endpoint.id)} class="button-link">
        Go to endpoint
      </a>
    </>
  );
}
