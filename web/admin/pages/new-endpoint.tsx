import { useState } from "preact/hooks";
import type { EndpointCreation, WrittenEndpoint } from "../../../src/api/types.ts";
import { ENDPOINT_FIELDS } from "../../kit/endpoint/fields.ts";
import { CreateEndpointForm } from "../../kit/endpoint/form.tsx";
import { useActionThen } from "../../kit/parts/action.tsx";
import { CopyButton } from "../../kit/parts/copy-button.tsx";
import { TextField } from "../../kit/parts/field.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { CardSection } from "../../kit/parts/section.tsx";
import type { Problems } from "../../kit/problems.ts";
import { getCustomer } from "../api/customers.ts";
import { createEndpoint, getDefaults, getSecret } from "../api/endpoints.ts";
import { getEventTypes } from "../api/event-types.ts";
import { CustomerChoice } from "../endpoints/customer-choice.tsx";
import { headersOf } from "../endpoints/header-lines.ts";
import { Warnings } from "../endpoints/settings-section.tsx";
import { customerLink, endpointLink, endpointsLink, sendLink } from "../links.ts";
import { usePayloadVersions } from "../payload-versions/use.ts";
import { useLoaded } from "../reload.ts";

interface Created {
  readonly endpoint: WrittenEndpoint;
  /** Null if the token may not read the secret. */
  readonly secret: string | null;
}

/** Creates an endpoint of the customer in the address. */
export function NewEndpointPage({ app }: { app: string }) {
  const [customer] = useLoaded(app, (signal) => getCustomer(app, signal));
  const [created, setCreated] = useState<Created | null>(null);
  const above = [{ title: "Endpoints", href: endpointsLink() }];
  if (customer.value !== null) above.unshift({ title: customer.value.name, href: customerLink(customer.value.id) });
  return (
    <>
      <PageHead
        title={created === null ? "New endpoint" : "Endpoint added"}
        above={above}
        about={created === null && customer.value !== null && `Messages of ${customer.value.name} are sent to it.`}
      />
      {created === null ? <Creation app={app} onCreate={setCreated} /> : <Next app={app} {...created} />}
    </>
  );
}

/** Asks for the customer of a new endpoint. */
export function ChooseCustomerPage() {
  return (
    <>
      <PageHead
        title="New endpoint"
        above={[{ title: "Endpoints", href: endpointsLink() }]}
        about="Choose the customer whose messages the endpoint receives."
      />
      <CustomerChoice />
    </>
  );
}

const HEADER_ROWS = 3;

function Creation({ app, onCreate }: { app: string; onCreate: (created: Created) => void }) {
  const [headers, setHeaders] = useState("");
  const [secret, setSecret] = useState("");
  const [defaults] = useLoaded("defaults", getDefaults);
  const versions = usePayloadVersions();
  const action = useActionThen(null);
  const create = (sent: EndpointCreation) =>
    action.run(async () => {
      const own = { ...(secret.trim() !== "" && { secret: secret.trim() }), headers: headersOf(headers) };
      const endpoint = await createEndpoint(app, { ...sent, ...own });
      const key = { app, endpoint: endpoint.id };
      // The endpoint exists now, so a failure to read its secret is ignored.
      onCreate({ endpoint, secret: await getSecret(key).catch(() => null) });
    });
  const more = {
    names: ["headers", "secret"],
    show: (problems: Problems) => (
      <>
        <TextField
          label="Custom headers"
          isOptional
          rows={HEADER_ROWS}
          value={headers}
          onInput={setHeaders}
          problem={problems.headers ?? null}
          help="One per line, such as X-Api-Key: 123. They are sent with every webhook."
        />
        <TextField
          label="Signing secret"
          isOptional
          value={secret}
          onInput={setSecret}
          problem={problems.secret ?? null}
          help="Starts with whsec_ or whsk_. Leave empty to generate one."
        />
      </>
    ),
  };
  return (
    <section class="card" aria-label="New endpoint">
      <CreateEndpointForm
        fields={ENDPOINT_FIELDS}
        readEventTypes={getEventTypes}
        versions={versions}
        defaultDelays={defaults.value?.retrySchedule ?? null}
        action={action}
        onSubmit={create}
        more={more}
      />
    </section>
  );
}

function Next({ app, endpoint, secret }: Created & { app: string }) {
  return (
    <>
      <p class="url">
        New messages are sent to <strong>{endpoint.url}</strong>.
      </p>
      <Warnings of={endpoint.warnings} />
      {secret !== null && (
        <CardSection
          title="Signing secret"
          about="The receiver verifies webhooks with it. It is also in the settings of the endpoint."
        >
          <div class="buttons">
            <code class="url">{secret}</code>
            <CopyButton text={secret} />
          </div>
        </CardSection>
      )}
      <div class="buttons">
        <a href={endpointLink(app, endpoint.id)} class="button-link">
          Go to endpoint
        </a>
        <a href={sendLink({ app })} class="button-link outline">
          Send a message
        </a>
      </div>
    </>
  );
}
