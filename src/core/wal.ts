/**
 * The format of SQLite's write-ahead log: a header, then frames. A frame is a small header and one
 * page of the database. See https://www.sqlite.org/fileformat.html#the_write_ahead_log.
 */

export const WAL_HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 24;
/** The first word of the header. The lowest bit means that checksums use big-endian words. */
const MAGIC = 0x377f0682;

export interface WalHeader {
  readonly pageBytes: number;
  readonly salt1: number;
  readonly salt2: number;
  readonly isBigEndian: boolean;
  /** The checksum with which the checksum of the first frame begins. */
  readonly checksum: Checksum;
}

export type Checksum = readonly [number, number];

export interface Frame {
  /** Number of the page, from 1. */
  readonly page: number;
  /** Size of the database in pages if a transaction ends with this frame, otherwise 0. */
  readonly pagesAfterCommit: number;
  readonly salt1: number;
  readonly salt2: number;
  readonly checksum: Checksum;
}

/** Returns where frame `index` (from 0) begins in a log. */
export function frameOffset(index: number, pageBytes: number): number {
  return WAL_HEADER_BYTES + index * (FRAME_HEADER_BYTES + pageBytes);
}

/** Reads the header of a log. Returns null if it is not valid. */
export function parseWalHeader(bytes: Uint8Array): WalHeader | null {
  if (bytes.length < WAL_HEADER_BYTES) return null;
  const view = viewOf(bytes);
  const magic = view.getUint32(0);
  if ((magic & ~1) >>> 0 !== MAGIC) return null;
  const isBigEndian = (magic & 1) === 1;
  const checksum: Checksum = [view.getUint32(24), view.getUint32(28)];
  if (!isEqual(checksumOf(bytes, 0, 24, isBigEndian, [0, 0]), checksum)) return null;
  return { pageBytes: view.getUint32(8), salt1: view.getUint32(16), salt2: view.getUint32(20), isBigEndian, checksum };
}

/** Reads the header of the frame that begins at `at`. */
export function parseFrame(bytes: Uint8Array, at: number): Frame {
  const view = viewOf(bytes);
  return {
    page: view.getUint32(at),
    pagesAfterCommit: view.getUint32(at + 4),
    salt1: view.getUint32(at + 8),
    salt2: view.getUint32(at + 12),
    checksum: [view.getUint32(at + 16), view.getUint32(at + 20)],
  };
}

/**
 * Returns whether the frame at `at` belongs to a log and follows a frame with the checksum
 * `previous`.
 */
export function isNextFrame(bytes: Uint8Array, at: number, header: WalHeader, previous: Checksum): boolean {
  const frame = parseFrame(bytes, at);
  if (frame.page === 0 || frame.salt1 !== header.salt1 || frame.salt2 !== header.salt2) return false;
  const { isBigEndian, pageBytes } = header;
  const start = checksumOf(bytes, at, 8, isBigEndian, previous);
  return isEqual(checksumOf(bytes, at + FRAME_HEADER_BYTES, pageBytes, isBigEndian, start), frame.checksum);
}

/** Continues SQLite's checksum over `length` bytes, a multiple of 8. */
function checksumOf(
  bytes: Uint8Array,
  at: number,
  length: number,
  isBigEndian: boolean,
  [first, second]: Checksum,
): Checksum {
  const view = viewOf(bytes);
  let s1 = first | 0;
  let s2 = second | 0;
  for (let i = at; i < at + length; i += 8) {
    s1 = (s1 + view.getInt32(i, !isBigEndian) + s2) | 0;
    s2 = (s2 + view.getInt32(i + 4, !isBigEndian) + s1) | 0;
  }
  return [s1 >>> 0, s2 >>> 0];
}

function isEqual(a: Checksum, b: Checksum): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
