import type { Database } from "bun:sqlite";
import type { ApplicationExclusion, Configuration } from "../index.ts";
import type { Row } from "../sql/mapping.ts";
import { applicationMapping } from "../sql/mappings.ts";
import { type Bindings, Conditions, directionOf, rangeOf, readRanges } from "../sql/page.ts";
import type { Range } from "../sql/range.ts";
import type { Turns } from "../turns.ts";
import { applicationSearch } from "./application-search.ts";
import { readSteps } from "./steps.ts";

const LISTED = `environment_seq = $environmentSeq AND deleted_at IS NULL AND operational = 0 AND source_seq IS NULL
  AND seq >= $from AND seq < $to`;

const ENDPOINTS = "EXISTS (SELECT 1 FROM endpoint e WHERE e.application_seq = a.seq AND e.deleted_at IS NULL";

function excluding(exclude: ApplicationExclusion | null): Conditions {
  const where = new Conditions();
  if (exclude === null) return where;
  const { withoutEndpoints, allDisabled, allAt } = exclude;
  if (withoutEndpoints) where.add(`${ENDPOINTS})`);
  if (allDisabled) where.add(`(NOT ${ENDPOINTS}) OR ${ENDPOINTS} AND e.disabled = 0))`);
  if (allAt !== null) {
    where.add(`(NOT ${ENDPOINTS}) OR ${ENDPOINTS} AND substr(e.url, 1, length($at)) <> $at))`, { at: allAt });
  }
  return where;
}

/** Number of applications per range. A page reads at most `PIECES_MAX` ranges. */
const PIECE_ROWS = 200;
const PIECES_MAX = 25;

/** Splits the list into ranges of `PIECE_ROWS` applications. */
function* pieces(db: Database, environmentSeq: number, within: Range, direction: "ASC" | "DESC"): Generator<Range> {
  const bound = db.query<{ seq: number }, [Bindings]>(
    `SELECT seq FROM application WHERE ${LISTED} ORDER BY seq ${direction} LIMIT 1 OFFSET ${PIECE_ROWS}`,
  );
  for (let { from, to } = within; from < to; ) {
    const at = bound.get({ environmentSeq, from, to })?.seq;
    if (at === undefined) {
      yield { from, to };
      return;
    }
    if (direction === "ASC") {
      yield { from, to: at };
      from = at;
    } else {
      yield { from: at + 1, to };
      to = at + 1;
    }
  }
}

export function listVerb(db: Database, turns: Turns): Configuration["applications"]["list"] {
  const { columns, toRecord, toRecordOrNull } = applicationMapping;
  return async (environmentSeq, page, exclude = null, search = null) => {
    const where = excluding(exclude);
    const within = rangeOf(page);
    if (search !== null) {
      const one = db.query<Row, [Bindings]>(`SELECT ${columns} FROM application a WHERE seq = $seq${where.sql}`);
      const steps = applicationSearch(db, { listed: LISTED, environmentSeq, search, page }, (seq) =>
        toRecordOrNull(one.get({ ...where.values, seq })),
      );
      return readSteps(turns, page, within, steps);
    }
    const rows = db.query<Row, [Bindings]>(
      `SELECT ${columns} FROM application a WHERE ${LISTED}${where.sql} ORDER BY seq ${directionOf(page)} LIMIT $limit`,
    );
    const ranges = exclude === null ? [within] : pieces(db, environmentSeq, within, directionOf(page));
    return readRanges(
      turns,
      page,
      ranges,
      (range, limit) => rows.all({ ...where.values, ...range, environmentSeq, limit }).map(toRecord),
      PIECES_MAX,
    );
  };
}
