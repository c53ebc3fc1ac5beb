import type { Database } from "bun:sqlite";
import type { Configuration } from "../../index.ts";
import { excluding, LISTED } from "../../sql/application-list.ts";
import type { Row } from "../../sql/mapping.ts";
import { applicationMapping } from "../../sql/mappings.ts";
import { type Bindings, directionOf, rangeOf, readRanges } from "../../sql/page.ts";
import type { Range } from "../../sql/range.ts";
import { readSteps } from "../../sql/steps.ts";
import type { Turns } from "../../turns.ts";
import { applicationSearch } from "./application-search.ts";

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
