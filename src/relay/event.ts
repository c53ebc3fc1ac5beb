/** What a relay reports. */
import { formatDuration } from "../core/unit.ts";

export type RelayEvent =
  | { readonly type: "ready"; readonly table: string }
  | {
      readonly type: "batch";
      readonly application: string;
      readonly sent: number;
      readonly duplicates: number;
      readonly refused: number;
      readonly durationMs: number;
    }
  /** `retryMs` is null if the row has an error now and is not sent again. */
  | {
      readonly type: "refused";
      readonly application: string;
      readonly id: string;
      readonly reason: string;
      readonly retryMs: number | null;
    }
  | { readonly type: "paused"; readonly application: string; readonly reason: string; readonly retryMs: number }
  /** The server or the database takes nothing at the moment. Reported once until it does again. */
  | { readonly type: "waiting"; readonly reason: string }
  | { readonly type: "resumed" };

/** Returns an event as a line for people. Its parts are not checked for control characters. */
export function eventLine(event: RelayEvent): string {
  switch (event.type) {
    case "ready":
      return `Ready. Rows of ${event.table} are sent.`;
    case "batch":
      return `${event.application}  ${countsText(event)}  ${event.durationMs} ms`;
    case "refused":
      return `Row ${event.id} of the application ${event.application} was refused: ${event.reason} ${againText(event.retryMs)}`;
    case "paused":
      return `The application ${event.application} is paused: ${event.reason} ${againText(event.retryMs)}`;
    case "waiting":
      return `${event.reason} Trying again.`;
    case "resumed":
      return "Continuing.";
  }
}

function againText(retryMs: number | null): string {
  return retryMs === null
    ? "It is not sent again until its error is null."
    : `The next attempt is in ${formatDuration(retryMs)}.`;
}

function countsText({ sent, duplicates, refused }: { sent: number; duplicates: number; refused: number }): string {
  const again = duplicates > 0 ? `, ${duplicates} of them again` : "";
  return `${sent} sent${again}${refused > 0 ? `, ${refused} refused` : ""}`;
}
