import type { Database } from "bun:sqlite";
import { type History, type SourceLogEntry, sourceLogEntriesMax } from "../index.ts";
import { pageOf, walk } from "../sql/page.ts";
import { parsed } from "../sql/rows.ts";
import type { Committer } from "./commit.ts";

type Row = Omit<SourceLogEntry, "headers"> & { readonly headers: string };

const COLUMNS = `seq, source_seq AS sourceSeq, status, cause, error_text AS errorText, method, path, address, headers,
  payload, created_at AS createdAt`;

function toEntry(row: Row): SourceLogEntry {
  return { ...row, headers: parsed<Record<string, string>>(row.headers) };
}

export function sourceLog(db: Database, committer: Committer): History["sourceLog"] {
  const insert = db.prepare(
    `INSERT INTO source_log (seq, source_seq, status, cause, error_text, method, path, address, headers, payload, created_at)
     SELECT ?, seq, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM source WHERE seq = ? AND deleted_at IS NULL`,
  );
  const trim = db.prepare(
    `DELETE FROM source_log WHERE source_seq = ?1 AND seq <= (
       SELECT seq FROM source_log WHERE source_seq = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ${sourceLogEntriesMax})`,
  );
  const one = db.prepare<Row, [number]>(`SELECT ${COLUMNS} FROM source_log WHERE seq = ?`);
  return {
    add: (entry) =>
      committer.write(() => {
        const { seq, sourceSeq, status, cause, errorText, method, path, address, payload, createdAt } = entry;
        const headers = JSON.stringify(entry.headers);
        insert.run(seq, status, cause, errorText, method, path, address, headers, payload, createdAt, sourceSeq);
        trim.run(sourceSeq);
      }),
    get: async (seq) => {
      const row = one.get(seq);
      return row === null ? null : toEntry(row);
    },
    list: async (sourceSeq, page) => {
      const { condition, direction } = walk("seq", page);
      const rows = db
        .query<Row, [Record<string, number>]>(
          `SELECT ${COLUMNS} FROM source_log WHERE source_seq = $sourceSeq${condition} ORDER BY seq ${direction} LIMIT $limit`,
        )
        .all({ sourceSeq, limit: page.limit + 1, ...(page.from === null ? {} : { from: page.from }) });
      return pageOf(rows.map(toEntry), page);
    },
  };
}
