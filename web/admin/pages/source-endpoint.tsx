import { useState } from "preact/hooks";
import type { Endpoint, EndpointChange, WrittenEndpoint } from "../../../src/api/types.ts";
import { FilterSection } from "../../kit/endpoint/filter.tsx";
import { ChangeEndpointForm } from "../../kit/endpoint/form.tsx";
import { EndpointState } from "../../kit/endpoint/state.tsx";
import { TransformationSection } from "../../kit/endpoint/transformation/section.tsx";
import { useActionThen } from "../../kit/parts/action.tsx";
import { PageHead } from "../../kit/parts/page-head.tsx";
import { CardSection, Read } from "../../kit/parts/section.tsx";
import { getEventTypes } from "../api/event-types.ts";
import { sourceEndpointTransformation } from "../api/transformation.ts";
import style from "../endpoints/endpoint.module.css";
import { Warnings } from "../endpoints/settings.tsx";
import { SOURCES, sourceLink } from "../links.ts";
import { refresh } from "../live.ts";
import { Changing } from "../parts/may.tsx";
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
            <Settings source={sourceId} endpoint={known} />
            <Transformation source={sourceId} endpoint={id} app={source.value?.appId ?? null} />
            <Filter source={sourceId} endpoint={id} />
          </>
        )}
      </Read>
    </>
  );
}

function Settings({ source, endpoint }: { readonly source: string; readonly endpoint: Endpoint }) {
  const [warnings, setWarnings] = useState<WrittenEndpoint["warnings"]>([]);
  const action = useActionThen(refresh);
  const save = async (change: EndpointChange) => {
    if (Object.keys(change).length === 0) return;
    setWarnings((await changeEndpoint(source, endpoint.id, change)).warnings);
  };
  return (
    <CardSection title="Settings">
      <Changing operation="ingest.endpoint.patch">
        <ChangeEndpointForm
          fields={SOURCE_ENDPOINT_FIELDS}
          readEventTypes={getEventTypes}
          endpoint={endpoint}
          action={action}
          onSubmit={(change) => action.run(() => save(change), "Saved.")}
        />
      </Changing>
      <Warnings of={warnings} />
    </CardSection>
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
