import { FilterSection } from "../../kit/endpoint/filter.tsx";
import { EndpointState } from "../../kit/endpoint/state.tsx";
import { TransformationSection } from "../../kit/endpoint/transformation/section.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { getEventTypes } from "../api/event-types.ts";
import { sourceEndpointTransformation } from "../api/transformation.ts";
import style from "../endpoints/endpoint.module.css";
import { SettingsSection } from "../endpoints/settings-section.tsx";
import { SOURCES, sourceLink } from "../links.ts";
import { refresh } from "../live.ts";
import { useLoaded } from "../reload.ts";
import { useResource } from "../resource.ts";
import { may } from "../session.ts";
import { changeEndpoint, changeFilter, getEndpoint, getFilter, getSource, previewFilter } from "../sources/api.ts";
import { SOURCE_ENDPOINT_FIELDS } from "../sources/endpoint-fields.ts";

interface SourceEndpointProps {
  readonly source: string;
  readonly endpoint: string;
}

/** Shows and changes an endpoint of a source: its URL or code, its transformation and its filter. */
export function SourceEndpointPage({ source: sourceId, endpoint: id }: SourceEndpointProps) {
  const [source] = useLoaded(sourceId, (signal) => getSource(sourceId, signal));
  const endpoint = useResource(id, (signal) => getEndpoint(sourceId, id, signal), ["endpoints"]);
  return (
    <>
      <PageHead
        title={endpoint.value === null ? "Endpoint" : <span class={style.title}>{endpoint.value.url}</span>}
        above={[
          { title: "Sources", href: SOURCES },
          { title: source.value?.name ?? "Source", href: sourceLink(sourceId) },
        ]}
        {...(endpoint.value !== null && {
          about: (
            <span class={style.about}>
              <EndpointState endpoint={endpoint.value} />
              <span class="mono">{endpoint.value.id}</span>
            </span>
          ),
        })}
      />
      <Read of={endpoint} lines={8}>
        {(known) => (
          <>
            <SettingsSection
              operation="ingest.endpoint.patch"
              fields={SOURCE_ENDPOINT_FIELDS}
              readEventTypes={getEventTypes}
              endpoint={known}
              save={(change) => changeEndpoint(sourceId, id, change)}
              onChange={refresh}
            />
            <Transformation source={sourceId} endpoint={id} app={source.value?.appId ?? null} />
            <Filter source={sourceId} endpoint={id} />
          </>
        )}
      </Read>
    </>
  );
}

/** `app` is the application of the source, or null while it is loading. */
function Transformation({ source, endpoint, app }: SourceEndpointProps & { readonly app: string | null }) {
  if (app === null || !may("v1.ingest.endpoint.transformation.get")) return null;
  return (
    <TransformationSection of={`${source} ${endpoint}`} api={sourceEndpointTransformation(source, { app, endpoint })} />
  );
}

function Filter({ source, endpoint }: SourceEndpointProps) {
  const [filter, reload] = useLoaded(`${source} ${endpoint}`, (signal) => getFilter(source, endpoint, signal));
  if (!may("ingest.endpoint.filter-preview")) return null;
  return (
    <FilterSection
      filter={filter}
      save={may("ingest.endpoint.patch") ? (text) => changeFilter(source, endpoint, text) : null}
      preview={(text) => previewFilter(source, endpoint, text)}
      onChange={reload}
    />
  );
}
