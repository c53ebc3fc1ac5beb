import { useEffect, useRef, useState } from "preact/hooks";
import type { Source } from "../../../src/api/types.ts";
import { Badge } from "../../kit/parts/badge.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { Empty, Loading, Problem } from "../../kit/parts/notice.tsx";
import { Table } from "../../kit/parts/table.tsx";
import { receivedLink, refusedLink } from "../links.ts";
import { useResource } from "../resource.ts";
import { getLog, getMessages } from "./api.ts";
import { type Arrival, type Arrivals, mergeArrivals } from "./arrivals.ts";
import { causeWords } from "./words.ts";

const LIMITS = [50, 100, 250] as const;

/** A live list of what arrives at a source: stored and refused requests together, newest first. */
export function ArrivalList({ source }: { source: Source }) {
  const [step, setStep] = useState(0);
  const limit = LIMITS[step]!;
  const latest = useResource(`${source.id} ${limit}`, async (signal) => {
    const [messages, log] = await Promise.all([
      getMessages(source.appId, limit, signal),
      getLog(source.id, limit, signal),
    ]);
    return mergeArrivals(messages, log, limit);
  });
  const [isPaused, setPaused] = useState(false);
  const hold = useHold();
  const [shown, setShown] = useState<Arrivals | null>(null);
  const isHeld = (isPaused || hold.isHeld) && shown !== null;

  useEffect(() => {
    if (latest.value !== null && !isHeld) setShown(latest.value);
  }, [latest.value, isHeld]);

  const waiting = shown === null ? 0 : countNew(latest.value, shown);
  return (
    <>
      <div class="live-bar">
        <button type="button" class="outline small" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? "Resume" : "Pause"}
        </button>
        <span class="muted small" role="status">
          {stateWordsOf(isPaused, isHeld, waiting)}
        </span>
      </div>
      {latest.error !== null && <Problem>{latest.error.message}</Problem>}
      {shown === null && latest.error === null && <Loading />}
      {shown?.data.length === 0 && <Empty title="No requests yet">{emptyHint(source)}</Empty>}
      {shown !== null && shown.data.length > 0 && (
        <div {...hold.handlers}>
          <ArrivalTable source={source.id} arrivals={shown.data} />
        </div>
      )}
      {shown?.isCut && step + 1 < LIMITS.length && (
        <button type="button" class="outline small" onClick={() => setStep(step + 1)}>
          Show older requests
        </button>
      )}
    </>
  );
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

function stateWordsOf(isPaused: boolean, isHeld: boolean, waiting: number): string {
  if (!isHeld) return "Live";
  const words = waiting === 0 ? "" : waiting === 1 ? ", 1 new request waits" : `, ${waiting} new requests wait`;
  return `${isPaused ? "Paused" : "Held while you are in the list"}${words}`;
}

function countNew(latest: Arrivals | null, shown: Arrivals): number {
  if (latest === null) return 0;
  const known = new Set(shown.data.map(({ id }) => id));
  const newest = shown.data[0]?.at ?? "";
  return latest.data.filter(({ id, at }) => !known.has(id) && at >= newest).length;
}

/** Holds a list while the pointer or the focus is in it, so that nothing moves under the user. */
function useHold() {
  const [isPointed, setPointed] = useState(false);
  const [isFocused, setFocused] = useState(false);
  const area = useRef<HTMLDivElement>(null);
  const handlers = {
    ref: area,
    onPointerEnter: () => setPointed(true),
    onPointerLeave: () => setPointed(false),
    onFocusIn: () => setFocused(true),
    onFocusOut: (event: FocusEvent) => setFocused(area.current?.contains(event.relatedTarget as Node | null) ?? false),
  };
  return { isHeld: isPointed || isFocused, handlers };
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
