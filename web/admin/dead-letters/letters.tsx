import type { DeadLetter } from "../../../src/api/types.ts";
import type { Query } from "../../kit/address.ts";
import { formatCount } from "../../kit/format.ts";
import { type Column, DataTable } from "../../kit/parts/data-table.tsx";
import { Instant } from "../../kit/parts/instant.tsx";
import { PageButtons, usePlace } from "../../kit/parts/pages.tsx";
import { Read } from "../../kit/parts/section.tsx";
import { getDeadLetters } from "../api/dead-letters.ts";
import { messageLink } from "../links.ts";
import { useLoaded } from "../reload.ts";

const COLUMNS: readonly Column<DeadLetter>[] = [
  {
    head: "Message",
    kind: "title",
    cell: ({ appId, msgId, eventId }) => <a href={messageLink(appId, msgId)}>{eventId ?? msgId}</a>,
  },
  { head: "Last response", cell: ({ lastAttempt }) => <LastResponse of={lastAttempt} /> },
  { head: "Attempts", kind: "number", cell: ({ attempts }) => formatCount(attempts) },
  { head: "Died", kind: "fit", cell: ({ deadAt }) => <Instant at={deadAt} /> },
];

/** The dead letters of one group, newest first. They stay as they were when the group was opened. */
export function Letters({ filters, label }: { filters: Query; label: string }) {
  const place = usePlace();
  const [letters] = useLoaded(`${JSON.stringify(filters)} ${place.iterator}`, (signal) =>
    getDeadLetters(filters, place.iterator, signal),
  );
  return (
    <Read of={letters} lines={3}>
      {(page) => (
        <>
          <DataTable label={label} columns={COLUMNS} rows={page.data} keyOf={({ id }) => id} />
          <PageButtons of={page} place={place} label={`Pages of ${label}`} />
        </>
      )}
    </Read>
  );
}

const RESPONSE_CHARS_MAX = 80;

function LastResponse({ of }: { of: DeadLetter["lastAttempt"] }) {
  if (of === null) return <span class="muted">no attempt</span>;
  const { responseStatusCode: code, response } = of;
  return (
    <span class="url">
      {code > 0 && <strong>{code} </strong>}
      {response.slice(0, RESPONSE_CHARS_MAX)}
      {response.length > RESPONSE_CHARS_MAX && "…"}
    </span>
  );
}
