import { invalidPage, type PageRead, type PageWanted } from "../../../commands/move-origin.ts";
import type { KeysCursor, KeysPass, MovePage, PolledCursor, WaitingCursor } from "../../../store/index.ts";
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
    case "keys":
      return { part, after: after === null ? null : keysPlace(after) };
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

/** Reads a place in the keys: the `next` of a page, or `later`. */
function keysPlace(text: string): KeysCursor | string {
  const { pass, stage, place, later } = fieldsOf(text);
  if (typeof later === "string") return later;
  const { from = null, to } = (pass ?? {}) as Partial<KeysPass>;
  const isKnown = stage === "recent" || stage === "ranges" || stage === "responses";
  if (!isKnown || typeof to !== "string" || (from !== null && typeof from !== "string")) throw unknownPlace();
  return { pass: { from, to }, stage, place: wholeNumber(place) };
}

/** Returns the fields of a response that say where the next pages are. */
export function placesAfter(page: MovePage, next: PageRead["next"]): { next: string | null; later: string | null } {
  const later = page.part === "keys" ? JSON.stringify({ later: page.pass.to }) : null;
  return { next: next === null ? null : JSON.stringify(next), later };
}

function fieldsOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function wholeNumber(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw unknownPlace();
  return value as number;
}

function unknownPlace() {
  return invalidPage("`after` is not a value of `next`.");
}
