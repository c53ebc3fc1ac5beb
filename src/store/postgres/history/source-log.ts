import type { History } from "../../index.ts";
import { pageOf, walk } from "../../sql/page.ts";
import {
  INSERT_SOURCE_LOG,
  logEntryBindings,
  SOURCE_LOG_COLUMNS,
  type SourceLogRow,
  TRIM_SOURCE_LOG,
  toLogEntry,
} from "../../sql/source-log-row.ts";
import type { Committer } from "../commit/commit.ts";
import type { Database } from "../connection/database.ts";

export function sourceLog(database: Database, committer: Committer): History["sourceLog"] {
  const SELECT = `SELECT ${SOURCE_LOG_COLUMNS} FROM source_log WHERE`;
  return {
    add: (entry) =>
      committer.write(async (transaction) => {
        await transaction.run(INSERT_SOURCE_LOG, logEntryBindings(entry));
        await transaction.run(TRIM_SOURCE_LOG, { sourceSeq: entry.sourceSeq });
      }),
    get: async (seq) => {
      const row = await database.first<SourceLogRow>(`${SELECT} seq = $1`, [seq]);
      return row === null ? null : toLogEntry(row);
    },
    list: async (sourceSeq, page) => {
      const { condition, direction } = walk("seq", page);
      const rows = await database.all<SourceLogRow>(
        `${SELECT} source_seq = $sourceSeq${condition} ORDER BY seq ${direction} LIMIT $limit`,
        { sourceSeq, limit: page.limit + 1, from: page.from },
      );
      return pageOf(rows.map(toLogEntry), page);
    },
  };
}
