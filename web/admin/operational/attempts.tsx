import type { RefObject } from "preact";
import type { Attempt } from "../../../src/api/types.ts";
import { formatDuration } from "../../kit/format.ts";
import { AttemptResult } from "../../kit/parts/attempt-table.tsx";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Instant, Upcoming } from "../../kit/parts/instant.tsx";
import { Section } from "../../kit/parts/section.tsx";
import { getOperationalAttempts } from "../api/operational.ts";
import { LoadedList } from "../parts/loaded-list.tsx";

interface AttemptsProps {
  readonly id: string;
  readonly reloadRef: RefObject<(() => void) | null>;
}

/** Lists the attempts to deliver to an endpoint for operational webhooks, newest first. */
export function OperationalAttempts({ id, reloadRef }: AttemptsProps) {
  return (
    <Section
      title="Attempts"
      aside={
        <button type="button" class="outline small" onClick={() => reloadRef.current?.()}>
          Reload
        </button>
      }
    >
      <LoadedList<Attempt>
        label="attempts"
        filters={[]}
        read={(_, iterator, signal) => getOperationalAttempts(id, iterator, signal)}
        reloadRef={reloadRef}
        empty={() => <p class="muted">No attempts yet. Send a test event to see how the endpoint responds.</p>}
      >
        {(rows) => <DataTable label="Attempts" columns={COLUMNS} rows={rows} keyOf={(attempt) => attempt.id} />}
      </LoadedList>
    </Section>
  );
}

const EXCERPT_CHARS_MAX = 300;

const COLUMNS: readonly Column<Attempt>[] = [
  { head: "Time", kind: "fit", cell: ({ timestamp }) => <Instant at={timestamp} /> },
  {
    head: "Result",
    kind: "fit",
    cell: (attempt) => <AttemptResult of={attempt} />,
  },
  { head: "Duration", kind: "number", cell: ({ responseDurationMs }) => formatDuration(responseDurationMs) },
  {
    head: "Next attempt",
    kind: "fit",
    cell: ({ nextAttempt }) => (nextAttempt === null ? <span class="muted">–</span> : <Upcoming at={nextAttempt} />),
  },
  {
    head: "Response",
    cell: ({ response }) =>
      response === "" ? <span class="muted">empty</span> : <code>{response.slice(0, EXCERPT_CHARS_MAX)}</code>,
  },
];
