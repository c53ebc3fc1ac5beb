import type { Provider, SourceListed } from "../../../src/api/types.ts";
import { formatCount } from "../../kit/format.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import { CopyButton } from "../../kit/parts/copy-button.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { Table } from "../../kit/parts/table.tsx";
import { NEW_SOURCE, sourceLink } from "../links.ts";
import { May } from "../parts/may.tsx";
import { useResource } from "../resource.ts";
import { getSources } from "../sources/api.ts";
import { useProviders } from "../sources/use.ts";
import { checkOf } from "../sources/words.ts";

/** Shows the sources of the environment, newest first. */
export function SourcesPage() {
  const place = usePlace("sources");
  const sources = useResource(place.iterator ?? "", (signal) => getSources(place.iterator, signal), ["sources"]);
  const providers = useProviders().value;
  return (
    <>
      <div class="section-head">
        <h1>Sources</h1>
        <May operation="v1.ingest.source.create">
          <a class="button-link" href={NEW_SOURCE}>
            New source
          </a>
        </May>
      </div>
      <p class="muted">A source receives the webhooks of one provider, checks them and passes them on.</p>
      <Read of={sources}>
        {(page) => (
          <>
            {page.data.length === 0 ? <NoSources /> : <SourceTable sources={page.data} providers={providers ?? []} />}
            <PageButtons of={page} place={place} label="Pages of sources" />
          </>
        )}
      </Read>
    </>
  );
}

function NoSources() {
  return (
    <Empty title="No sources yet">
      <May operation="v1.ingest.source.create">
        <p>
          <a href={NEW_SOURCE}>Create a source</a> for Stripe, GitHub or any other provider. You get a URL to register
          with the provider, and see here what arrives.
        </p>
      </May>
    </Empty>
  );
}

interface SourceTableProps {
  readonly sources: readonly SourceListed[];
  readonly providers: readonly Provider[];
}

function SourceTable({ sources, providers }: SourceTableProps) {
  return (
    <Table label="Sources">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Type</th>
          <th scope="col">Check</th>
          <th scope="col">Requests</th>
          <th scope="col">URL</th>
        </tr>
      </thead>
      <tbody>
        {sources.map((source) => (
          <SourceRow
            key={source.id}
            source={source}
            provider={providers.find(({ id }) => id === source.provider) ?? null}
          />
        ))}
      </tbody>
    </Table>
  );
}

function SourceRow({ source, provider }: { source: SourceListed; provider: Provider | null }) {
  const { tone, word, text } = checkOf(source, provider);
  return (
    <tr>
      <td class="title">
        <a href={sourceLink(source.id)}>{source.name}</a>
      </td>
      <td class="fit mono">{source.type}</td>
      <td class="fit" title={text}>
        <Badge tone={tone}>{word}</Badge>
      </td>
      <td class="nowrap">{countWords(source.counts)}</td>
      <td class="source-url">
        {source.ingestUrl === null ? (
          <span class="muted">runs on a schedule</span>
        ) : (
          <>
            <code class="url">{source.ingestUrl}</code>
            <CopyButton text={source.ingestUrl} />
          </>
        )}
      </td>
    </tr>
  );
}

/** Returns the counts that are not zero, such as `12 stored, 1 refused`. */
export function countWords(counts: SourceListed["counts"]): string {
  const present = Object.entries(counts ?? {}).filter(([, count]) => count > 0);
  return present.map(([outcome, count]) => `${formatCount(count)} ${outcome}`).join(", ") || "none yet";
}
