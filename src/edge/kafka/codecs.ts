import { promisify } from "node:util";
import { gunzip, zstdDecompress } from "node:zlib";
import { CompressionCodecs, CompressionTypes } from "kafkajs";
import { InvalidBatch } from "./decoded-bytes.ts";
import { lz4Decode } from "./lz4.ts";
import { snappyDecode } from "./snappy.ts";

/** Maximum size of a batch after decompression, so that a small batch cannot fill the memory. */
const DECOMPRESSED_BYTES_MAX = 32 * 1024 * 1024;

/** Maximum number of records in a compressed batch. The client decodes about 400 per ms, without a pause. */
const RECORDS_MAX = 500_000;

const limit = { maxOutputLength: DECOMPRESSED_BYTES_MAX };
const ungzip = promisify(gunzip);
const unzstd = promisify(zstdDecompress);

/** What `kafkajs` expects of a codec. */
const codec = (decompress: (bytes: Buffer) => Buffer | Promise<Buffer>) => () => ({
  decompress: async (bytes: Buffer) => withFewRecords(await decompress(bytes)),
  compress: () => Promise.reject(new Error("Batches are sent without compression.")),
});

/** Makes `kafkajs` decompress all codecs of Kafka, up to a limit. On its own, it has only gzip, without a limit. */
export function useCodecs(): void {
  Object.assign(CompressionCodecs, {
    [CompressionTypes.GZIP]: codec((bytes) => ungzip(bytes, limit)),
    [CompressionTypes.Snappy]: codec((bytes) => snappyDecode(bytes, DECOMPRESSED_BYTES_MAX)),
    [CompressionTypes.LZ4]: codec((bytes) => lz4Decode(bytes, DECOMPRESSED_BYTES_MAX)),
    [CompressionTypes.ZSTD]: codec((bytes) => unzstd(bytes, limit)),
  });
}

/** Returns the records of a batch. Throws `InvalidBatch` if there are too many. */
export function withFewRecords(records: Buffer, recordsMax = RECORDS_MAX): Buffer {
  let count = 0;
  for (let at = 0; at < records.length; count++) {
    if (count === recordsMax) throw new InvalidBatch(`A batch has more than ${recordsMax} records.`);
    at = endOfRecord(records, at);
  }
  return records;
}

/** A record begins with its length as a zigzag varint: doubled, in groups of 7 bits, the lowest first. */
function endOfRecord(records: Buffer, start: number): number {
  let length = 0;
  let at = start;
  for (let factor = 1; at < records.length; factor *= 128) {
    const byte = records[at++]!;
    length += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
  }
  return at + Math.floor(length / 2);
}
