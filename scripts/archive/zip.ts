import { crc32, deflateRawSync } from "node:zlib";
import type { TarEntry } from "./tar.ts";

/** Writes zip archives, for Windows. The same entries always give the same bytes. */

const LOCAL_SIGNATURE = 0x04034b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const END_SIGNATURE = 0x06054b50;
/** Version 2.0 of the format, made on Unix, so that modes are kept. */
const VERSION = 20;
const MADE_ON_UNIX = 3 << 8;
const DEFLATED = 8;
const IS_FILE = 0o100_000;

/** Returns the archive. Entries must be files below 4 GiB. All have the same time, in seconds. */
export function zip(entries: readonly TarEntry[], timeSeconds: number): Uint8Array<ArrayBuffer> {
  const time = dosTime(timeSeconds);
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { path, mode, content = new Uint8Array(0) } of entries) {
    const name = Buffer.from(path);
    const deflated = deflateRawSync(content, { level: 9 });
    const fields = [VERSION, 0, DEFLATED, ...time] as const;
    const sizes = [crc32(content), deflated.length, content.length] as const;
    const local = record([4, LOCAL_SIGNATURE], ...short(fields), ...long(sizes), [2, name.length], [2, 0]);
    directory.push(
      record(
        ...[[4, CENTRAL_SIGNATURE], [2, MADE_ON_UNIX | VERSION], ...short(fields), ...long(sizes)],
        ...short([name.length, 0, 0, 0, 0]),
        ...long([((IS_FILE | mode) << 16) >>> 0, offset]),
      ),
      name,
    );
    parts.push(local, name, deflated);
    offset += local.length + name.length + deflated.length;
  }
  const size = directory.reduce((total, { length }) => total + length, 0);
  const counts = short([0, 0, entries.length, entries.length]);
  const end = record([4, END_SIGNATURE], ...counts, ...long([size, offset]), [2, 0]);
  return new Uint8Array(Buffer.concat([...parts, ...directory, end]));
}

type Number2 = readonly [bytes: number, value: number];

const short = (values: readonly number[]) => values.map((value): Number2 => [2, value]);
const long = (values: readonly number[]) => values.map((value): Number2 => [4, value]);

/** Returns little-endian numbers. */
function record(...numbers: ReadonlyArray<readonly number[]>): Buffer {
  return Buffer.concat(
    numbers.map(([bytes = 2, value = 0]) => {
      const buffer = Buffer.alloc(bytes);
      buffer.writeUIntLE(value, 0, bytes);
      return buffer;
    }),
  );
}

/** Returns time and date of MS-DOS, in UTC. */
function dosTime(seconds: number): [number, number] {
  const at = new Date(seconds * 1000);
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  return [time, ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate()];
}
