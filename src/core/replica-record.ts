/**
 * The format of a replica's segments. A segment is a file with one or more records. A record is a
 * header and a range of frames of the write-ahead log.
 *
 * The log is restarted after each checkpoint that has copied all of it to the database. The time
 * between two restarts is an epoch. Epochs are numbered from 1 within a generation of the replica.
 */

import { FRAME_HEADER_BYTES, WAL_HEADER_BYTES } from "./wal.ts";

export const RECORD_HEADER_BYTES = 64;
const MAGIC = "BHREPL1\n";
/** Positions of the two checksums in the header. */
const BODY_HASH_AT = 48;
const HEADER_HASH_AT = 56;

export interface RecordHeader {
  readonly epoch: number;
  /** The frames from this index (from 0) up to, but not including, `to`. */
  readonly from: number;
  readonly to: number;
  /** Number of frames of the epoch before. 0 in the first epoch. */
  readonly framesBefore: number;
  readonly pageBytes: number;
  readonly salt1: number;
  readonly salt2: number;
  /** Time of the last commit in this record, in ms. Never earlier than in the record before. */
  readonly at: number;
}

export interface SegmentRecord extends RecordHeader {
  /** The frames. If `from` is 0, the header of the log comes first. */
  readonly body: Uint8Array;
}

/** Why bytes are not a record: they end too early, or their checksum is wrong. */
export type RecordDefect = "truncated" | "damaged";

/** Returns the length of a record's body. */
export function bodyBytesOf({ from, to, pageBytes }: Pick<RecordHeader, "from" | "to" | "pageBytes">): number {
  return (from === 0 ? WAL_HEADER_BYTES : 0) + (to - from) * (FRAME_HEADER_BYTES + pageBytes);
}

/** Writes the header of a record to the first bytes of `record`. The body must follow them. */
export function sealRecord(record: Uint8Array, header: RecordHeader): void {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  for (let i = 0; i < MAGIC.length; i++) record[i] = MAGIC.charCodeAt(i);
  const { epoch, from, to, framesBefore, pageBytes, salt1, salt2, at } = header;
  [epoch, from, to, framesBefore, pageBytes, salt1, salt2, 0].forEach(
    (word, i) => void view.setUint32(8 + i * 4, word),
  );
  view.setFloat64(40, at);
  view.setBigUint64(BODY_HASH_AT, Bun.hash.xxHash64(record.subarray(RECORD_HEADER_BYTES)));
  view.setBigUint64(HEADER_HASH_AT, Bun.hash.xxHash64(record.subarray(0, HEADER_HASH_AT)));
}

/** Reads the record that begins at `offset` of a segment. */
export function readRecord(segment: Uint8Array, offset: number): SegmentRecord | RecordDefect {
  if (segment.length - offset < RECORD_HEADER_BYTES) return "truncated";
  const head = segment.subarray(offset, offset + RECORD_HEADER_BYTES);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const hasMagic = [...MAGIC].every((char, i) => head[i] === char.charCodeAt(0));
  if (!hasMagic || Bun.hash.xxHash64(head.subarray(0, HEADER_HASH_AT)) !== view.getBigUint64(HEADER_HASH_AT)) {
    return "damaged";
  }
  const word = (index: number) => view.getUint32(8 + index * 4);
  const header = {
    ...{ epoch: word(0), from: word(1), to: word(2), framesBefore: word(3), pageBytes: word(4) },
    ...{ salt1: word(5), salt2: word(6), at: view.getFloat64(40) },
  };
  const start = offset + RECORD_HEADER_BYTES;
  const bytes = bodyBytesOf(header);
  if (segment.length - start < bytes) return "truncated";
  const body = segment.subarray(start, start + bytes);
  return Bun.hash.xxHash64(body) === view.getBigUint64(BODY_HASH_AT) ? { ...header, body } : "damaged";
}

/**
 * Reads all records of a segment. `defect` says why the bytes after `records` are not a record; null if
 * there are none.
 */
export function readSegment(segment: Uint8Array): {
  readonly records: readonly SegmentRecord[];
  readonly defect: RecordDefect | null;
} {
  const records: SegmentRecord[] = [];
  for (let offset = 0; offset < segment.length; ) {
    const record = readRecord(segment, offset);
    if (typeof record === "string") return { records, defect: record };
    records.push(record);
    offset += RECORD_HEADER_BYTES + record.body.length;
  }
  return { records, defect: null };
}

/** Returns the checksum of a part of a base, as hex digits. */
export function hashOf(chunk: Uint8Array): string {
  return Bun.hash.xxHash64(chunk).toString(16).padStart(16, "0");
}
