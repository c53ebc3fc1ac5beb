import type { ListOf, Provider, SourceListed } from "../../../src/api/types.ts";
import { formatCount } from "../../kit/format.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import { CopyButton } from "../../kit/parts/copy-button.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { LiveRows } from "../../kit/parts/live-rows.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { NEW_SOURCE, sourceLink } from "../links.ts";
import { May } from "../parts/may.tsx";
import { useResource } from "../resource.ts";
import { getSources } from "../sources/api.ts";
import style from "../sources/list.module.css";
import { useProviders } from "../sources/use.ts";
import { checkOf, takesFromQueue } from "../sources/words.ts";

/** Shows the sources of the environment, newest first. */
export function SourcesPage() {
  const place = usePlace("sources");
  const sources = useResource(place.iterator ?? "", (signal) => getSources(place.iterator, signal), ["sources"]);
  const providers = useProviders().value ?? [];
  return (
    <>
      <PageHead
        title="Sources"
        about="A source receives the webhooks of one provider, or the messages of a queue, checks them and passes them on."
      >
        <May operation="v1.ingest.source.create">
          <a class="button-link" href={NEW_SOURCE}>
            New source
          </a>
        </May>
      </PageHead>
      <Read of={sources}>
        {(latest) => (
          <LiveRows<SourceListed, ListOf<SourceListed>>
            key={place.iterator}
            latest={latest}
            keyOf={({ id }) => id}
            words={["source", "sources"]}
            isFirst={place.number === 1}
          >
            {(page) => (
              <>
                {page.data.length === 0 && place.number === 1 ? (
                  <NoSources />
                ) : (
                  <DataTable
                    label="Sources"
                    columns={columns(providers)}
                    rows={page.data}
                    keyOf={({ id }) => id}
                    isLinked
                  />
                )}
                <PageButtons of={page} place={place} label="Pages of sources" />
              </>
            )}
          </LiveRows>
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

function columns(providers: readonly Provider[]): readonly Column<SourceListed>[] {
  return [
    { head: "Name", kind: "title", cell: ({ id, name }) => <a href={sourceLink(id)}>{name}</a> },
    { head: "Type", kind: "fit", cell: ({ type }) => <span class="mono">{type}</span> },
    {
      head: "Check",
      kind: "fit",
      cell: (source) => <Check source={source} provider={providers.find(({ id }) => id === source.provider) ?? null} />,
    },
    { head: "Requests", cell: ({ counts }) => countWords(counts) },
    {
      head: "URL",
      cell: (source) => <Url source={source} provider={providers.find(({ id }) => id === source.provider) ?? null} />,
    },
  ];
}

interface ColumnProps {
  readonly source: SourceListed;
  readonly provider: Provider | null;
}

function Check({ source, provider }: ColumnProps) {
  const { tone, word, text } = checkOf(source, provider);
  return (
    <span title={text}>
      <Badge tone={tone}>{word}</Badge>
    </span>
  );
}

/** The URL, which read-only tokens do not see. */
function Url({ source: { ingestUrl: url, disabled }, provider }: ColumnProps) {
  if (disabled) return <span class="muted">disabled</span>;
  if (url === null) return <span class="muted">{withoutUrl(provider)}</span>;
  return (
    <div class={style.url}>
      <code class="url">{url}</code>
      <CopyButton text={url} />
    </div>
  );
}

function withoutUrl(provider: Provider | null): string {
  if (takesFromQueue(provider)) return "takes from a queue";
  return provider?.id === "cron" ? "runs on a schedule" : "hidden";
}

/** Returns the counts that are not zero, such as `12 stored, 1 refused`. */
export function countWords(counts: SourceListed["counts"]): string {
  const present = Object.entries(counts ?? {}).filter(([, count]) => count > 0);
  return present.map(([outcome, count]) => `${formatCount(count)} ${outcome}`).join(", ") || "none yet";
}
