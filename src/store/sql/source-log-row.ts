import { type SourceLogEntry, sourceLogEntriesMax } from "../index.ts";
import { parsed } from "./rows.ts";

export type SourceLogRow = Omit<SourceLogEntry, "headers"> & { readonly headers: string };

export const SOURCE_LOG_COLUMNS = `seq, source_seq AS "sourceSeq", status, cause, error_text AS "errorText", method, path, address, headers,
  payload, created_at AS "createdAt"`;

export function toLogEntry(row: SourceLogRow): SourceLogEntry {
  return { ...row, headers: parsed<Record<string, string>>(row.headers) };
}

/** Adds an entry if its source exists. */
export const INSERT_SOURCE_LOG = `INSERT INTO source_log
    (seq, source_seq, status, cause, error_text, method, path, address, headers, payload, created_at)
  SELECT $seq, seq, $status, $cause, $errorText, $method, $path, $address, $headers, $payload, $createdAt
  FROM source WHERE seq = $sourceSeq AND deleted_at IS NULL`;

/** Deletes all but the newest entries of the source `$sourceSeq`. */
export const TRIM_SOURCE_LOG = `DELETE FROM source_log WHERE source_seq = $sourceSeq AND seq <= (
  SELECT seq FROM source_log WHERE source_seq = $sourceSeq ORDER BY seq DESC LIMIT 1 OFFSET ${sourceLogEntriesMax})`;

/** Returns the bindings of `INSERT_SOURCE_LOG`. */
export function logEntryBindings(entry: SourceLogEntry) {
  return { ...entry, headers: JSON.stringify(entry.headers) };
}

/** Holds for an entry that says that a request was refused because of its check. */
export const IS_REFUSAL = "status >= 400 AND cause NOT IN ('method_not_allowed', 'payload_too_large', 'rate_limited')";
