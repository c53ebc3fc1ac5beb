import type { Endpoint } from "../../../src/api/types.ts";
import { EndpointState } from "../../kit/endpoint/state.tsx";
import { formatCount } from "../../kit/format.ts";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { QuotaSection } from "../../kit/parts/quota.tsx";
import { Table } from "../../kit/parts/table.tsx";
import { useOnce } from "../../kit/reading.ts";
import { getEndpoints, getQuota, getStats } from "../api.ts";
import { Read } from "../parts/section.tsx";
import { useLive } from "../refresh.ts";
import { endpointLink, NEW_ENDPOINT } from "../route.ts";
import { may } from "../session.ts";

export function EndpointsPage() {
  const place = usePlace();
  const endpoints = useLive(`${place.iterator}`, (signal) => getEndpoints(place.iterator, signal));
  const quota = useLive("quota", getQuota);
  const canCreate = may("v1.endpoint.create");
  const isEmpty = endpoints.value?.data.length === 0 && place.number === 1;
  return (
    <>
      <div class="page-head">
        <div>
          <h1>Endpoints</h1>
          <p class="muted about">The URLs that your webhooks are sent to.</p>
        </div>
        {canCreate && !isEmpty && (
          <a href={NEW_ENDPOINT} class="button-link">
            Add endpoint
          </a>
        )}
      </div>
      <Read of={endpoints} lines={4}>
        {(page) =>
          isEmpty ? (
            <NoEndpoints canCreate={canCreate} />
          ) : (
            <>
              <EndpointTable endpoints={page.data} />
              <PageButtons of={page} place={place} label="Pages of endpoints" />
            </>
          )
        }
      </Read>
      <QuotaSection usage={quota.value} />
    </>
  );
}

function NoEndpoints({ canCreate }: { canCreate: boolean }) {
  return (
    <Empty title="No endpoints yet">
      {canCreate ? (
        <>
          <p>Add the URL of your server to receive webhooks.</p>
          <a href={NEW_ENDPOINT} class="button-link">
            Add endpoint
          </a>
        </>
      ) : (
        <p>Your link does not allow you to add endpoints.</p>
      )}
    </Empty>
  );
}

function EndpointTable({ endpoints }: { endpoints: readonly Endpoint[] }) {
  return (
    <Table label="Endpoints">
      <thead>
        <tr>
          <th scope="col">Endpoint</th>
          <th scope="col">State</th>
          <th scope="col">Event types</th>
          <th scope="col">Last 28 days</th>
        </tr>
      </thead>
      <tbody>
        {endpoints.map((endpoint) => (
          <EndpointRow key={endpoint.id} endpoint={endpoint} />
        ))}
      </tbody>
    </Table>
  );
}

function EndpointRow({ endpoint }: { endpoint: Endpoint }) {
  return (
    <tr class="row-link">
      <td class="title">
        <a class="url" href={endpointLink(endpoint.id)}>
          {endpoint.url}
        </a>
        {endpoint.description !== "" && <div class="muted small">{endpoint.description}</div>}
      </td>
      <td class="fit">
        <EndpointState endpoint={endpoint} />
        {endpoint.failingSince !== null && !endpoint.disabled && (
          <div class="muted small since">
            since <Instant at={endpoint.failingSince} />
          </div>
        )}
      </td>
      <td class="fit" title={endpoint.eventTypes?.join("\n")}>
        {eventTypesText(endpoint.eventTypes)}
      </td>
      <td class="fit">
        <Stats endpoint={endpoint.id} />
      </td>
    </tr>
  );
}

function eventTypesText(eventTypes: readonly string[] | null): string {
  if (eventTypes === null) return "all types";
  return eventTypes.length === 1 ? eventTypes[0]! : `${formatCount(eventTypes.length)} types`;
}

/** Shows the numbers of successful and failed attempts. */
function Stats({ endpoint }: { endpoint: string }) {
  const { value } = useOnce(endpoint, (signal) => getStats(endpoint, signal));
  if (value === null) return <span class="muted">…</span>;
  if (value.success + value.fail === 0) return <span class="muted">no attempts</span>;
  return (
    <span class="counts">
      {formatCount(value.success)} delivered
      {value.fail > 0 && <span class="bad"> · {formatCount(value.fail)} failed</span>}
    </span>
  );
}
