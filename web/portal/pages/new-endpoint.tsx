import { useState } from "preact/hooks";
import type { Endpoint, EndpointCreation } from "../../../src/api/types.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Empty } from "../../parts/notice.tsx";
import { createEndpoint, getSecret } from "../api.ts";
import { useAction } from "../parts/action.tsx";
import { CreateEndpointForm } from "../parts/endpoint-form.tsx";
import { CardSection } from "../parts/section.tsx";
import { ENDPOINTS, endpointLink } from "../route.ts";
import { may } from "../session.ts";

interface Made {
  readonly endpoint: Endpoint;
  /** Null: the token does not let the reader see it. */
  readonly secret: string | null;
}

export function NewEndpointPage() {
  const [made, setMade] = useState<Made | null>(null);
  const action = useAction();
  const create = (wanted: EndpointCreation) =>
    action.run(async () => {
      const endpoint = await createEndpoint(wanted);
      // It has been made: that its secret cannot be shown is no reason to say that it has not.
      const secret = may("v1.endpoint.get-secret") ? await getSecret(endpoint.id).catch(() => null) : null;
      setMade({ endpoint, secret });
    });
  return (
    <>
      <nav aria-label="Breadcrumb" class="breadcrumb">
        <a href={ENDPOINTS}>Endpoints</a>
      </nav>
      {made !== null ? (
        <MadePage {...made} />
      ) : (
        <>
          <h1>Add an endpoint</h1>
          {may("v1.endpoint.create") ? (
            <section class="card">
              <CreateEndpointForm action={action} onSubmit={create} />
            </section>
          ) : (
            <Empty title="Your link does not let you add endpoints" />
          )}
        </>
      )}
    </>
  );
}

function MadePage({ endpoint, secret }: Made) {
  return (
    <>
      <h1 tabIndex={-1} ref={(heading) => heading?.focus()}>
        The endpoint is ready
      </h1>
      <p class="url">
        Messages are sent to <strong>{endpoint.url}</strong> from now on.
      </p>
      {secret !== null && (
        <CardSection
          title="Signing secret"
          about="Put it into the configuration of your server, to verify that webhooks are genuine. You find it again in the settings of the endpoint."
        >
          <div class="secret">
            <code>{secret}</code>
            <CopyButton text={secret} />
          </div>
        </CardSection>
      )}
      <a href={endpointLink(endpoint.id)} class="button-link">
        To the endpoint
      </a>
    </>
  );
}
