import type { Endpoint, Provider, SourceDetail } from "../../../src/api/types.ts";
import { Outcome } from "../../kit/parts/action.tsx";
import { Badge } from "../../kit/parts/badge.tsx";
import { CopyButton } from "../../kit/parts/copy-button.tsx";
import { Fact } from "../../kit/parts/fact.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Loading, Problem } from "../../kit/parts/notice.tsx";
import { CardSection, Section } from "../../kit/parts/section.tsx";
import type { Resource } from "../../kit/reading.ts";
import { SOURCES } from "../links.ts";
import { May } from "../parts/may.tsx";
import { useResource } from "../resource.ts";
import { getEndpoints, getSource, sendExample } from "../sources/api.ts";
import { ArrivalList } from "../sources/arrival-list.tsx";
import { Endpoints } from "../sources/endpoints.tsx";
import { GeneralSettings } from "../sources/general-form.tsx";
import { CheckSettings, Deletion, UrlRotation } from "../sources/settings.tsx";
import { Setup } from "../sources/setup.tsx";
import { useAction, useProvider } from "../sources/use.ts";
import { checkOf, connectionTones, takesFromQueue } from "../sources/words.ts";
import { countWords } from "./sources.tsx";

/** Shows a source: how to set it up, what arrives, where it is sent, and its settings. */
export function SourcePage({ source: id }: { source: string }) {
  const { value, error } = useResource(id, (signal) => getSource(id, signal), [id]);
  const provider = useProvider(value?.provider ?? null);
  // Requested with the source, which is not needed for it.
  const endpoints = useResource(id, (signal) => getEndpoints(id, signal), ["endpoints"]);
  return (
    <>
      <nav aria-label="Breadcrumb" class="breadcrumb">
        <a href={SOURCES}>Sources</a>
      </nav>
      <h1>{value?.name ?? "Source"}</h1>
      {error !== null && <Problem>{error.message}</Problem>}
      {value === null && error === null && <Loading />}
      {value !== null && <Content source={value} provider={provider} endpoints={endpoints} />}
    </>
  );
}

interface ContentProps {
  readonly source: SourceDetail;
  readonly provider: Provider | null;
  readonly endpoints: Resource<readonly Endpoint[]>;
}

function Content({ source, provider, endpoints }: ContentProps) {
  return (
    <>
      <Facts source={source} provider={provider} />
      {provider !== null && (
        <CardSection title="Set up">
          <Setup provider={provider} ingestUrl={source.ingestUrl} />
          {source.captured != null && (
            <p>
              {provider.name} has sent this token. Paste it where {provider.name} asks for it:{" "}
              <code class="url">{source.captured}</code> <CopyButton text={source.captured} />
            </p>
          )}
        </CardSection>
      )}
      <Section
        title="Requests"
        aside={
          provider !== null &&
          !takesFromQueue(provider) && (
            <May operation="ingest.source.send-example">
              <Example source={source.id} />
            </May>
          )
        }
      >
        <ArrivalList source={source} />
      </Section>
      <Endpoints source={source} endpoints={endpoints} />
      <GeneralSettings source={source} provider={provider} />
      {provider !== null && <CheckSettings source={source} provider={provider} />}
      {source.ingestUrl !== null && (
        <May operation="v1.ingest.source.rotate-token">
          <UrlRotation source={source.id} />
        </May>
      )}
      <May operation="v1.ingest.source.delete">
        <Deletion source={source} endpoints={endpoints.value ?? []} />
      </May>
    </>
  );
}

function Facts({ source, provider }: { source: SourceDetail; provider: Provider | null }) {
  const { tone, word, text } = checkOf(source, provider);
  return (
    <dl class="facts">
      <Fact name="Type">
        <span class="mono">{source.type}</span>
        {provider !== null && ` ${provider.name}`}
      </Fact>
      <Fact name="Check">
        <Badge tone={tone}>{word}</Badge> <span class="muted small">{text}</span>
      </Fact>
      {source.disabled && (
        <Fact name="State">
          <Badge tone="idle">disabled</Badge> <span class="muted small">Nothing is received.</span>
        </Fact>
      )}
      {source.connection !== null && <Connection connection={source.connection} />}
      <Fact name="Requests">{countWords(source.counts)}</Fact>
      <Fact name="Created">
        <Instant at={source.createdAt} />
      </Fact>
      <Fact name="Source">
        <span class="mono">{source.uid ?? source.id}</span>
      </Fact>
    </dl>
  );
}

/** The connection to the queue of a source. */
function Connection({ connection: { state, error, since } }: { connection: NonNullable<SourceDetail["connection"]> }) {
  return (
    <Fact name="Connection">
      <Badge tone={connectionTones[state]}>{state}</Badge>{" "}
      <span class="muted small">
        since <Instant at={since} />
        {error !== null && `: ${error} It is tried again.`}
      </span>
    </Fact>
  );
}

function Example({ source }: { source: string }) {
  const action = useAction();
  return (
    <div class="buttons">
      <Outcome action={action} />
      <button
        type="button"
        class="outline small"
        disabled={action.busy}
        onClick={() => action.run(() => sendExample(source), "Example sent.")}
      >
        Send example
      </button>
    </div>
  );
}
