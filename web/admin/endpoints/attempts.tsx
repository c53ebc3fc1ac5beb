import type { Attempt } from "../../../src/api/types.ts";
import { formatDuration } from "../../kit/format.ts";
import { AttemptResult } from "../../kit/parts/attempt-table.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import type { Filter } from "../../kit/parts/filter-bar.tsx";
import { Instant, Upcoming } from "../../kit/parts/instant.tsx";
import { Empty } from "../../kit/parts/notice.tsx";
import { type EndpointKey, getAttempts } from "../api/endpoints.ts";
import { messageLink } from "../links.ts";
import { FilteredList } from "../parts/filtered-list.tsx";

const FILTERS: readonly Filter[] = [
  {
    name: "result",
    label: "Result",
    kind: "choice",
    choices: [
      { value: "failed", label: "failed" },
      { value: "succeeded", label: "succeeded" },
    ],
  },
  { name: "batch", label: "Batch", kind: "fixed" },
];
const STATUS: Readonly<Record<string, string>> = { succeeded: "0", failed: "2" };
const EXCERPT_CHARS_MAX = 120;

/** Lists the attempts to deliver to an endpoint, newest first. */
export function Attempts({ of }: { of: EndpointKey }) {
  return (
    <FilteredList
      label="attempts"
      topics={["deliveries"]}
      filters={FILTERS}
      read={({ result, batch = null }, iterator, signal) =>
        getAttempts(of, { status: result === undefined ? null : (STATUS[result] ?? null), batch, iterator }, signal)
      }
      empty={(isFiltered) => (
        <Empty title={isFiltered ? "No such attempt" : "No attempts yet"}>
          <p>
            {isFiltered
              ? "Clear the filter to see all attempts."
              : "Attempts appear here as soon as a message is sent to this endpoint."}
          </p>
        </Empty>
      )}
    >
      {(rows) => (
        <DataTable label="Attempts" columns={columnsOf(of.app)} rows={rows} keyOf={({ id }) => id} isLinked={true} />
      )}
    </FilteredList>
  );
}

function columnsOf(app: string): readonly Column<Attempt>[] {
  return [
    {
      head: "Time",
      kind: "title",
      cell: ({ timestamp, msgId }) => (
        <a href={messageLink(app, msgId)}>
          <Instant at={timestamp} />
        </a>
      ),
    },
    {
      head: "Result",
      kind: "fit",
      cell: (attempt) => <AttemptResult of={attempt} />,
    },
    { head: "Duration", kind: "number", cell: ({ responseDurationMs }) => formatDuration(responseDurationMs) },
    {
      head: "Response",
      cell: ({ response }) =>
        response === "" ? <span class="muted">empty</span> : <code>{response.slice(0, EXCERPT_CHARS_MAX)}</code>,
    },
    {
      head: "Next attempt",
      kind: "fit",
      cell: ({ nextAttempt }) => (nextAttempt === null ? <span class="muted">–</span> : <Upcoming at={nextAttempt} />),
    },
    { head: "Message", kind: "extra", cell: ({ msgId }) => <span class="mono muted">{msgId}</span> },
  ];
}
