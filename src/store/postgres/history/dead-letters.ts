import type { Seq } from "../../../core/id.ts";
import type { Attempt, DeadLetterFilter, DeadLetterGroup, History } from "../../index.ts";
import { type AttemptRow, attemptColumns, toAttempt } from "../../sql/attempt-row.ts";
import {
  CAN_BE_REDRIVEN,
  DEAD_LETTER_COLUMNS,
  DEAD_LETTER_GROUP_COLUMNS,
  type DeadLetterRow,
  deadLetterConditions,
  sortedGroups,
  toDeadLetter,
} from "../../sql/dead-letters.ts";
import { STATE } from "../../sql/delivery-row.ts";
import { type Conditions, pageOf, walk } from "../../sql/page.ts";
import type { Database, Queries } from "../connection/database.ts";
import { numberArray } from "../connection/parameters.ts";

/** All dead letters, to which conditions can be added. */
export const DEAD_LETTERS = `FROM ended d JOIN endpoint e ON e.seq = d.endpoint_seq JOIN application a ON a.seq = e.application_seq
  JOIN message m ON m.seq = d.message_seq WHERE d.state = ${STATE.dead}`;

export function deadLetters({ surveysFor }: Pick<Database, "surveysFor">): History["deadLetters"] {
  const groups = async ({ environmentSeq }: DeadLetterFilter, where: Conditions): Promise<DeadLetterGroup[]> =>
    sortedGroups(
      await surveysFor(environmentSeq).all<DeadLetterGroup>(
        `SELECT ${DEAD_LETTER_GROUP_COLUMNS} ${DEAD_LETTERS}${where.sql}
         GROUP BY e.application_seq, d.endpoint_seq, m.event_type, d.reason`,
        where.values,
      ),
    );
  return {
    list: async (filter, page) => {
      const queries = surveysFor(filter.environmentSeq);
      const where = deadLetterConditions(filter);
      const { condition, direction } = walk("d.seq", page);
      const rows = await queries.all<DeadLetterRow>(
        `SELECT ${DEAD_LETTER_COLUMNS} ${DEAD_LETTERS}${where.sql}${condition} ORDER BY d.seq ${direction} LIMIT $limit`,
        { ...where.values, limit: page.limit + 1, from: page.from },
      );
      const { rows: shown, more } = pageOf(rows, page);
      const attempts = await lastAttempts(queries, shown);
      return { rows: shown.map((row) => toDeadLetter(row, attempts.get(row.seq) ?? null)), more };
    },
    groups: (filter) => groups(filter, deadLetterConditions(filter)),
    redrivable: (filter) => groups(filter, deadLetterConditions(filter).add(CAN_BE_REDRIVEN)),
  };
}

/** Returns the last attempt of each delivery. */
async function lastAttempts(queries: Queries, letters: readonly DeadLetterRow[]): Promise<ReadonlyMap<Seq, Attempt>> {
  if (letters.length === 0) return new Map();
  const rows = await queries.all<AttemptRow>(
    `SELECT t.* FROM unnest($1::bigint[], $2::bigint[]) AS d(message_seq, seq) CROSS JOIN LATERAL (
       SELECT ${attemptColumns(true)} FROM attempt t
       WHERE t.message_seq = d.message_seq AND t.delivery_seq = d.seq ORDER BY t.seq DESC LIMIT 1) AS t`,
    [numberArray(letters.map(({ messageSeq }) => messageSeq)), numberArray(letters.map(({ seq }) => seq))],
  );
  return new Map(rows.map((row) => [row.deliverySeq, toAttempt(row)]));
}
