import { closeSync, fstatSync, openSync, read, readSync } from "node:fs";
import { bodyBytesOf, RECORD_HEADER_BYTES } from "../../../core/replica-record.ts";
import { FRAME_HEADER_BYTES, frameOffset } from "../../../core/wal.ts";

/**
 * The first part of SQLite's index of the log (`-shm`): two copies of a header of 48 bytes, in the
 * byte order of the machine. See https://www.sqlite.org/walformat.html#the_wal_index_file_format.
 */
const INDEX_HEADER_BYTES = 48;
const INDEX_TRIES = 1000;
/**
 * Size up to which a part of the log is read at once, in bytes. It was just written, so it is in the
 * memory of the system, and a detour over another thread would take longer.
 */
const READ_AT_ONCE_BYTES = 256 * 1024;

/** How far the log has been committed. */
export interface LogHead {
  /** Number of frames that belong to committed transactions. 0 if the log is empty. */
  readonly frames: number;
  readonly pageBytes: number;
  readonly salt1: number;
  readonly salt2: number;
}

/**
 * Reads the files of an open database. They stay open until `close`, because closing a file drops
 * the locks that SQLite holds on it in this process. So `close` must be called after the database
 * was closed.
 */
export class WalSource {
  readonly #index = Buffer.alloc(2 * INDEX_HEADER_BYTES);

  private constructor(
    private readonly database: number,
    private readonly log: number,
    private readonly shared: number,
  ) {}

  /** Opens the files. A connection must have read the database. */
  static open(path: string): WalSource {
    const [database, log, shared] = ["", "-wal", "-shm"].map((suffix) => openSync(`${path}${suffix}`, "r"));
    return new WalSource(database!, log!, shared!);
  }

  /** Returns how far the log has been committed, by any process. */
  head(): LogHead {
    const index = this.#index;
    for (let tries = 0; tries < INDEX_TRIES; tries++) {
      readSync(this.shared, index, 0, index.length, 0);
      // A process that commits writes one copy after the other.
      if (index.compare(index, INDEX_HEADER_BYTES, 2 * INDEX_HEADER_BYTES, 0, INDEX_HEADER_BYTES) !== 0) continue;
      const pageBytes = index.readUInt16LE(14);
      return {
        frames: index.readUInt32LE(16),
        // SQLite stores a page size of 65536 as 1.
        pageBytes: pageBytes === 1 ? 65_536 : pageBytes,
        salt1: index.readUInt32BE(32),
        salt2: index.readUInt32BE(36),
      };
    }
    throw new Error("The index of the write-ahead log cannot be read.");
  }

  /**
   * Reads a range of frames, with the header of the log if the range begins at 0. The first
   * `RECORD_HEADER_BYTES` of the result are free for the header of a record. Uses `memory` for the
   * result if it is large enough.
   */
  async frames(
    range: { readonly from: number; readonly to: number; readonly pageBytes: number },
    memory: Buffer | null,
  ): Promise<Buffer> {
    const size = RECORD_HEADER_BYTES + bodyBytesOf(range);
    const bytes = memory !== null && memory.length >= size ? memory.subarray(0, size) : Buffer.allocUnsafe(size);
    const start = range.from === 0 ? 0 : frameOffset(range.from, range.pageBytes);
    const wanted = bytes.subarray(RECORD_HEADER_BYTES);
    const isSmall = wanted.length <= READ_AT_ONCE_BYTES;
    const read = isSmall
      ? readSync(this.log, wanted, 0, wanted.length, start)
      : await readPart(this.log, wanted, start);
    if (read === wanted.length) return bytes;
    throw new Error("The write-ahead log is shorter than its index says.");
  }

  /** Reads the header of a frame. */
  frameHeader(index: number, pageBytes: number): Buffer {
    const header = Buffer.alloc(FRAME_HEADER_BYTES);
    readSync(this.log, header, 0, header.length, frameOffset(index, pageBytes));
    return header;
  }

  /** Size of the database file in bytes. What is committed since the last checkpoint is not in it. */
  get databaseBytes(): number {
    return fstatSync(this.database).size;
  }

  /** Reads a part of the database file. Returns less than `bytes` at its end. */
  async databasePart(at: number, bytes: number): Promise<Buffer> {
    const part = Buffer.allocUnsafe(bytes);
    return part.subarray(0, await readPart(this.database, part, at));
  }

  close(): void {
    for (const file of [this.shared, this.log, this.database]) closeSync(file);
  }
}

/** Fills a buffer from a position of a file. Resolves to less than its length at the end of the file. */
async function readPart(file: number, into: Buffer, from: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const bytes = await new Promise<number>((resolve, reject) => {
      read(file, into, done, into.length - done, from + done, (error, count) =>
        error === null ? resolve(count) : reject(error),
      );
    });
    if (bytes === 0) break;
    done += bytes;
  }
  return done;
}
