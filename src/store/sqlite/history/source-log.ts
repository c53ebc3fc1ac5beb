import type { Database } from "bun:sqlite";
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

export function sourceLog(db: Database, committer: Committer): History["sourceLog"] {
  const insert = db.prepare(INSERT_SOURCE_LOG);
  const trim = db.prepare(TRIM_SOURCE_LOG);
  const one = db.prepare<SourceLogRow, [number]>(`SELECT ${SOURCE_LOG_COLUMNS} FROM source_log WHERE seq = ?`);
  return {
    add: (entry) =>
      committer.write(() => {
        insert.run(logEntryBindings(entry));
        trim.run({ sourceSeq: entry.sourceSeq });
      }),
    get: async (seq) => {
      const row = one.get(seq);
      return row === null ? null : toLogEntry(row);
    },
    list: async (sourceSeq, page) => {
      const { condition, direction } = walk("seq", page);
      const rows = db
        .query<SourceLogRow, [Record<string, number>]>(
          `SELECT ${SOURCE_LOG_COLUMNS} FROM source_log WHERE source_seq = $sourceSeq${condition} ORDER BY seq ${direction} LIMIT $limit`,
        )
        .all({ sourceSeq, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(rows.map(toLogEntry), page);
    },
  };
}
