import { promisify } from "node:util";
import { gunzip, zstdDecompress } from "node:zlib";
import { CompressionCodecs, CompressionTypes } from "kafkajs";
import { lz4Decode } from "./lz4.ts";
import { snappyDecode } from "./snappy.ts";

/** Maximum size of the messages of a batch after decompression, so that a small batch cannot fill the memory. */
const BATCH_BYTES_MAX = 32 * 1024 * 1024;

const limit = { maxOutputLength: BATCH_BYTES_MAX };
const ungzip = promisify(gunzip);
const unzstd = promisify(zstdDecompress);

/** What `kafkajs` expects of a codec. */
const codec = (decompress: (bytes: Buffer) => Buffer | Promise<Buffer>) => () => ({
  decompress: async (bytes: Buffer) => decompress(bytes),
  compress: () => Promise.reject(new Error("Batches are sent without compression.")),
});

/** Has `kafkajs` decompress batches with all codecs of Kafka, up to a limit. It has only gzip, without one. */
export function useCodecs(): void {
  Object.assign(CompressionCodecs, {
    [CompressionTypes.GZIP]: codec((bytes) => ungzip(bytes, limit)),
    [CompressionTypes.Snappy]: codec((bytes) => snappyDecode(bytes, BATCH_BYTES_MAX)),
    [CompressionTypes.LZ4]: codec((bytes) => lz4Decode(bytes, BATCH_BYTES_MAX)),
    [CompressionTypes.ZSTD]: codec((bytes) => unzstd(bytes, limit)),
  });
}
