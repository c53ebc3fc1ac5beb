import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { FRAME_HEADER_BYTES, frameOffset, isNextFrame, parseFrame, parseWalHeader } from "../../src/core/wal.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** Returns the log of a database with some transactions, as SQLite has written it. */
function writtenLog(): Buffer {
  using dir = temporaryDirectory();
  const path = dir.file("a.db");
  const db = new Database(path);
  db.run("PRAGMA journal_mode = WAL");
  db.run("CREATE TABLE t (x)");
  for (let i = 0; i < 5; i++) db.run("INSERT INTO t VALUES (?)", ["x".repeat(i * 1500)]);
  const log = readFileSync(`${path}-wal`);
  db.close();
  return log;
}

/** Returns how many frames from the first one on follow each other. */
function framesIn(log: Uint8Array): number {
  const header = parseWalHeader(log);
  if (header === null) return -1;
  let { checksum } = header;
  for (let index = 0; ; index++) {
    const at = frameOffset(index, header.pageBytes);
    if (at + FRAME_HEADER_BYTES + header.pageBytes > log.length) return index;
    if (!isNextFrame(log, at, header, checksum)) return index;
    checksum = parseFrame(log, at).checksum;
  }
}

describe("the write-ahead log", () => {
  const log = writtenLog();
  const { pageBytes } = parseWalHeader(log)!;
  const count = (log.length - 32) / (FRAME_HEADER_BYTES + pageBytes);

  test("all frames that SQLite wrote follow each other, and the last one is a commit", () => {
    expect(framesIn(log)).toBe(count);
    expect(parseFrame(log, frameOffset(count - 1, pageBytes)).pagesAfterCommit).toBeGreaterThan(1);
  });

  test("a changed bit in the header makes the log invalid", () => {
    for (const at of [0, 3, 8, 16, 20, 24, 31]) {
      const changed = Buffer.from(log);
      changed[at]! ^= 1;
      // The lowest bit of the magic number selects the byte order of the checksums.
      expect({ at, frames: framesIn(changed) }).toEqual({ at, frames: -1 });
    }
  });

  test("the frames end before a changed bit", () => {
    for (let index = 0; index < count; index++) {
      for (const offset of [0, 4, 8, 12, 16, 20, 24, 24 + pageBytes - 1]) {
        const changed = Buffer.from(log);
        changed[frameOffset(index, pageBytes) + offset]! ^= 0x80;
        expect(framesIn(changed)).toBe(index);
      }
    }
  });

  test("a header that is too short is invalid", () => {
    expect(parseWalHeader(log.subarray(0, 31))).toBeNull();
    expect(parseWalHeader(new Uint8Array())).toBeNull();
  });
});
