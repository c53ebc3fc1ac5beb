import { now } from "../../kit/clock.ts";
import { formatCount, formatDuration } from "../../kit/format.ts";
import { deadLettersLink, endpointsLink, messagesLink } from "../links.ts";
import { overview } from "../live.ts";
import { Figure, Figures } from "./figure.tsx";

/** What waits and what fails at present. */
export function NowFigures() {
  const current = overview.value;
  const shown = (value: number | undefined) => (value === undefined ? "–" : formatCount(value));
  return (
    <Figures label="Now">
      <Figure
        label="Failing endpoints"
        about="enabled, latest attempt failed"
        value={shown(current?.failing)}
        href={endpointsLink({ state: "failing" })}
        isAlarming={(current?.failing ?? 0) > 0}
      />
      <Figure
        label="Dead letters"
        about="deliveries that failed for good"
        value={shown(current?.dead)}
        href={deadLettersLink()}
        isAlarming={(current?.dead ?? 0) > 0}
      />
      <Figure
        label="Pending deliveries"
        about="waiting for an attempt; opens their messages"
        value={shown(current?.pending)}
        href={messagesLink({ state: "pending" })}
      />
      <Figure
        label="Longest wait"
        about="of a delivery that is due"
        value={waitOf(current)}
        href={messagesLink({ state: "pending" })}
      />
    </Figures>
  );
}

function waitOf(current: { readonly oldestDueAt: string | null } | null): string {
  if (current === null) return "–";
  if (current.oldestDueAt === null) return "none";
  return formatDuration(Math.max(0, now.value - Date.parse(current.oldestDueAt)));
}
