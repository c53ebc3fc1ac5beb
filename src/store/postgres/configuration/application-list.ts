import type { Seq } from "../../../core/id.ts";
import type { Configuration } from "../../index.ts";
import { applicationMatcher, type ComparedName, excluding, LISTED } from "../../sql/application-list.ts";
import type { Row } from "../../sql/mapping.ts";
import { applicationMapping } from "../../sql/mappings.ts";
import { directionOf, pageOf, rangeOf } from "../../sql/page.ts";
import type { Database } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";
import { scanned } from "../history/scan.ts";

const { columns, toRecord } = applicationMapping;

export function listVerb(database: Database): Configuration["applications"]["list"] {
  return async (environmentSeq, page, exclude = null, search = null) => {
    const where = excluding(exclude);
    const order = `ORDER BY seq ${directionOf(page)}`;
    const within = rangeOf(page);
    if (search === null) {
      const rows = await database.all<Row>(
        `SELECT ${columns} FROM application a WHERE ${LISTED}${where.sql} ${order} LIMIT $limit`,
        { ...where.values, ...within, environmentSeq, limit: page.limit + 1 },
      );
      return pageOf(rows.map(toRecord), page);
    }
    const matches = applicationMatcher(search);
    const bySeqs = async (seqs: readonly Seq[]) =>
      (
        await database.all<Row>(
          `SELECT ${columns} FROM application a WHERE seq = ANY ($seqs::bigint[])${where.sql} ${order}`,
          { ...where.values, seqs: numberArray(seqs) },
        )
      ).map(toRecord);
    return scanned(page, within, {
      read: (range, limit) =>
        database.all<ComparedName>(`SELECT seq, name, uid FROM application a WHERE ${LISTED} ${order} LIMIT $limit`, {
          ...range,
          environmentSeq,
          limit,
        }),
      pick: async (names) => {
        const seqs = names.filter(matches).map(({ seq }) => seq);
        return seqs.length === 0 ? [] : bySeqs(seqs);
      },
    });
  };
}
