import { invalidPage, type PageWanted } from "../../../commands/departures.ts";
import type { PolledCursor, WaitingCursor } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";

/** Reads which page is wanted. Throws 422 if `after` or `ids` did not come from this server. */
export function wantedPage(
  { part, after = null, ids: texts = [] }: { part: string; after?: string | null; ids?: string[] },
  { ids }: Pick<Context, "ids">,
): PageWanted {
  switch (part) {
    case "polled":
      return { part, after: after === null ? null : polledCursor(after) };
    case "waiting":
      return { part, after: after === null ? null : waitingCursor(after) };
    case "messages":
      return { part, seqs: texts.flatMap((text) => ids.decode("msg_", text) ?? []) };
    case "history":
      return { part, after: wholeNumber(Number(after ?? 0)) };
    default:
      return { part: "settings" };
  }
}

function polledCursor(text: string): PolledCursor {
  const { groupId, messageSeq } = fieldsOf(text);
  return { groupId: groupId === null ? null : wholeNumber(groupId), messageSeq: wholeNumber(messageSeq) };
}

function waitingCursor(text: string): WaitingCursor {
  const { endpointSeq, state, place, seq } = fieldsOf(text);
  return {
    ...{ endpointSeq: wholeNumber(endpointSeq), state: wholeNumber(state) },
    ...{ place: wholeNumber(place), seq: wholeNumber(seq) },
  };
}

function fieldsOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function wholeNumber(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw invalidPage("`after` is not a value of `next`.");
  return value as number;
}
