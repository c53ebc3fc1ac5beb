import { now, today } from "../clock.ts";
import { formatInstant, formatUntil } from "../format.ts";

/**
 * Shows an instant (RFC 3339) in the user's time zone. The tooltip contains the full date and time.
 */
export function Instant({ at }: { at: string }) {
  const atMs = Date.parse(at);
  if (Number.isNaN(atMs)) return <span>{at}</span>;
  return (
    <time dateTime={at} title={at}>
      {formatInstant(atMs, today.value)}
    </time>
  );
}

/** Shows a future instant and the time until then. */
export function Upcoming({ at }: { at: string }) {
  return (
    <>
      <Instant at={at} /> <span class="muted">({formatUntil(Date.parse(at), now.value)})</span>
    </>
  );
}
