import { Type } from "@sinclair/typebox";
import { type IdCodec, type IdPrefix, type Seq, seqBefore } from "../../core/id.ts";
import { listOut, pageLimitDefault, pageLimitMax, parseIterator } from "../../core/page.ts";
import { invalid } from "../../core/problem.ts";
import type { PageOf, PageRequest, TimeWindow } from "../../store/index.ts";
import { instant } from "./query.ts";
import type { Reply } from "./reply.ts";
import { choice } from "./schema.ts";

/** Query parameters for every list. */
export const pageQuery = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: pageLimitMax,
      default: pageLimitDefault,
      description: "Maximum number of items on the page.",
    }),
  ),
  iterator: Type.Optional(
    Type.String({
      description: "The `iterator` or `prevIterator` of the page to continue from.",
    }),
  ),
};

export const orderQuery = (by: "ascending" | "descending", what = "creation time") => ({
  order: Type.Optional(choice(["ascending", "descending"], { default: by, description: `Order by ${what}.` })),
});

/** Query parameters for lists of events. */
export const windowQuery = {
  before: Type.Optional(instant("Include only items from before this time.")),
  after: Type.Optional(instant("Include only items from after this time.")),
};

interface SentPage {
  readonly limit?: number;
  readonly iterator?: string;
}

/** Returns the requested page. Throws 422 if the `iterator` is not from this list. */
export function pageRequest(
  sent: SentPage,
  ids: IdCodec,
  prefix: IdPrefix,
  order: PageRequest["order"] = "descending",
): PageRequest {
  const limit = sent.limit ?? pageLimitDefault;
  if (sent.iterator === undefined) return { limit, from: null, backwards: false, order };
  const { id, backwards } = parseIterator(sent.iterator);
  const from = ids.decode(prefix, id);
  if (from === null) throw invalid(["query", "iterator"], `Must be an iterator of this list (${prefix}…).`);
  return { limit, from, backwards, order };
}

/**
 * Returns the requested page of a list of events, newest first. If only `after` is given, paging
 * starts at that time: the page contains the oldest events after it, still newest first.
 */
export function historyRequest(sent: SentPage & TimeWindow, ids: IdCodec, prefix: IdPrefix): PageRequest {
  const page = pageRequest(sent, ids, prefix);
  const walksForward = sent.after !== undefined && sent.before === undefined && sent.iterator === undefined;
  return walksForward ? { ...page, from: seqBefore(sent.after + 1), backwards: true } : page;
}

/** Returns a time window with only those fields that are set. */
export function windowOf({ before, after }: TimeWindow): TimeWindow {
  return { ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}

/** Converts a page to a response. */
export function listed<Row extends { readonly seq: Seq }, Out>(
  page: PageOf<Row>,
  idOf: (row: Row) => string,
  out: (row: Row) => Out,
) {
  return listedAs(page.rows.map(out), page.rows.map(idOf), page.more);
}

/**
 * Converts a page to a response. If the search was interrupted, the response's iterator continues
 * it.
 */
export function found<Row extends { readonly seq: Seq }, Out>(
  page: PageOf<Row>,
  { backwards }: PageRequest,
  idOf: (row: { readonly seq: Seq }) => string,
  out: (row: Row) => Out,
) {
  const resume = page.resume === undefined ? null : { id: idOf({ seq: page.resume }), backwards };
  const { data: _, ...rest } = listOut(page.rows, idOf, page.more, resume);
  return { data: page.rows.map(out), ...rest };
}

/** Converts a page to a response like `found`. `texts` are the rows as JSON texts. */
export function foundTexts<Row extends { readonly seq: Seq }>(
  page: PageOf<Row>,
  request: PageRequest,
  idOf: (row: { readonly seq: Seq }) => string,
  texts: readonly string[],
): Reply {
  const { data: _, ...rest } = found(page, request, idOf, () => null);
  return { status: 200, body: `{"data":[${texts.join(",")}],${JSON.stringify(rest).slice(1)}` };
}

export function listedAs<Out>(items: readonly Out[], ids: readonly string[], more: boolean) {
  const { data: _, ...rest } = listOut(ids, (id) => id, more);
  return { data: items, ...rest };
}
