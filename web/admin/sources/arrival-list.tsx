import { useState } from "preact/hooks";
import type { Source } from "../../../src/api/types.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { LiveRows } from "../../kit/parts/live-rows.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { Table } from "../../kit/parts/table.tsx";
import { receivedLink, refusedLink } from "../links.ts";
import { useResource } from "../resource.ts";
import { getLog, getMessages } from "./api.ts";
import { type Arrival, type Arrivals, mergeArrivals } from "./arrivals.ts";
import { causeWords } from "./words.ts";

const LIMITS = [50, 100, 250] as const;

const idOf = ({ id }: Arrival) => id;

/** A live list of what arrives at a source: stored and refused requests together, newest first. */
export function ArrivalList({ source }: { source: Source }) {
  const [step, setStep] = useState(0);
  const limit = LIMITS[step]!;
  const key = `${source.id} ${limit}`;
  const latest = useResource(key, (signal) => getArrivals(source, limit, signal), [source.id, source.appId]);
  return (
    <Read of={latest} lines={3}>
      {(arrivals) => (
        <LiveRows<Arrival, Arrivals> key={key} latest={arrivals} keyOf={idOf} words={["request", "requests"]}>
          {({ data, isCut }) => (
            <>
              {data.length === 0 ? (
                <Empty title="No requests yet">{emptyHint(source)}</Empty>
              ) : (
                <ArrivalTable source={source.id} arrivals={data} />
              )}
              {isCut && step + 1 < LIMITS.length && (
                <button type="button" class="outline small" onClick={() => setStep(step + 1)}>
                  Show older requests
                </button>
              )}
            </>
          )}
        </LiveRows>
      )}
    </Read>
  );
}

async function getArrivals(source: Source, limit: number, signal: AbortSignal): Promise<Arrivals> {
  const [messages, log] = await Promise.all([
    getMessages(source.appId, limit, signal),
    getLog(source.id, limit, signal),
  ]);
  return mergeArrivals(messages, log, limit);
}

function emptyHint({ ingestUrl }: Source) {
  return (
    <p>
      {ingestUrl === null
        ? "The next run of the schedule appears here without a reload."
        : "What is sent to the URL of the source appears here without a reload, also what is refused."}
    </p>
  );
}

function ArrivalTable({ source, arrivals }: { source: string; arrivals: readonly Arrival[] }) {
  return (
    <Table label="Requests">
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Request</th>
          <th scope="col">Result</th>
          <th scope="col">Method and path</th>
        </tr>
      </thead>
      <tbody>
        {arrivals.map((arrival) => (
          <ArrivalRow key={arrival.id} source={source} arrival={arrival} />
        ))}
      </tbody>
    </Table>
  );
}

function ArrivalRow({ source, arrival }: { source: string; arrival: Arrival }) {
  const { id, isStored, at, title, request, tone, word, cause } = arrival;
  return (
    <tr class="row-link">
      <td class="fit">
        <Instant at={at} />
      </td>
      <td class="title">
        <a href={isStored ? receivedLink(source, id) : refusedLink(source, id)}>{title}</a>
      </td>
      <td class="fit">
        <Badge tone={tone}>{word}</Badge>
        {cause !== null && isStored && <div class="muted small">{causeWords(cause)}</div>}
      </td>
      <td>
        <code class="url">{request}</code>
      </td>
    </tr>
  );
}
