import { Type } from "@sinclair/typebox";
import { type IdCodec, type IdPrefix, type Seq, seqAt } from "../../core/id.ts";
import { listOut, pageLimitDefault, pageLimitMax, parseIterator } from "../../core/page.ts";
import { invalid } from "../../core/problem.ts";
import type { PageOf, PageRequest, TimeWindow } from "../../store/index.ts";
import { instant } from "./query.ts";
import type { Reply } from "./reply.ts";
import { choice } from "./schema.ts";

/** Query parameters of every list. */
export const pageQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: pageLimitMax, default: pageLimitDefault, description: "Items on a page." }),
  ),
  iterator: Type.Optional(
    Type.String({
      description: "`iterator` or `prevIterator` of the page from which to go on, forwards or backwards.",
    }),
  ),
};

export const orderQuery = (by: "ascending" | "descending") => ({
  order: Type.Optional(choice(["ascending", "descending"], { default: by, description: "By time of creation." })),
});

/** Query parameters of lists of what has happened. */
export const windowQuery = {
  before: Type.Optional(instant("Only what happened before this instant.")),
  after: Type.Optional(instant("Only what happened after this instant.")),
};

interface SentPage {
  readonly limit?: number;
  readonly iterator?: string;
}

/** Which page is asked for. An `iterator` that was not given out here is 422. */
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
  if (from === null) throw invalid(["query", "iterator"], `Not an iterator of this list (${prefix}…).`);
  return { limit, from, backwards, order };
}

/**
 * The same for lists of what has happened, newest first. With `after` alone the walk begins there: the page holds the
 * oldest that came after it, still newest first.
 */
export function historyRequest(sent: SentPage & TimeWindow, ids: IdCodec, prefix: IdPrefix): PageRequest {
  const page = pageRequest(sent, ids, prefix);
  const walksForward = sent.after !== undefined && sent.before === undefined && sent.iterator === undefined;
  return walksForward ? { ...page, from: Math.max(0, seqAt(sent.after + 1) - 1), backwards: true } : page;
}

/** The fields of a time window that are there, and no others. */
export function windowOf({ before, after }: TimeWindow): TimeWindow {
  return { ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}

/** A page as the caller gets it. */
export function listed<Row extends { readonly seq: Seq }, Out>(
  page: PageOf<Row>,
  idOf: (row: Row) => string,
  out: (row: Row) => Out,
) {
  return listedAs(page.rows.map(out), page.rows.map(idOf), page.more);
}

/** The same for a list whose search may be cut short, with what the caller needs to go on. */
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

/** The same with items that are JSON texts already. */
export function foundTexts<Row extends { readonly seq: Seq }>(
  page: PageOf<Row>,
  request: PageRequest,
  idOf: (row: { readonly seq: Seq }) => string,
  textOf: (row: Row) => string,
): Reply {
  const { data, ...rest } = found(page, request, idOf, textOf);
  return { status: 200, body: `{"data":[${data.join(",")}],${JSON.stringify(rest).slice(1)}` };
}

export function listedAs<Out>(items: readonly Out[], ids: readonly string[], more: boolean) {
  const { data: _, ...rest } = listOut(ids, (id) => id, more);
  return { data: items, ...rest };
}
