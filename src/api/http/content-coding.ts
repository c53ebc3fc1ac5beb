import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Problem } from "../../core/problem.ts";
import type { ByteLease } from "./byte-budget.ts";
import { badRequest, tooLarge } from "./errors.ts";

const decompress = promisify(gunzip);

/**
 * Returns a body without its content coding, and without a byte order mark. Throws 415 for codings
 * other than gzip, 400 for invalid data, and 413 as soon as the decoded body exceeds `bytesMax`.
 * Decoding does not block the event loop.
 */
export async function decodedBody(
  sent: Uint8Array,
  { coding, bytesMax, lease }: { readonly coding: string; readonly bytesMax: number; readonly lease: ByteLease | null },
): Promise<Uint8Array> {
  const name = coding.trim().toLowerCase();
  if (name === "identity" || name === "") return sent;
  if (name !== "gzip" && name !== "x-gzip")
    throw new Problem(
      415,
      "unsupported_media_type",
      `The content-encoding ${name.slice(0, 64)} is not supported. Use gzip, or send the body without an encoding.`,
    );
  try {
    const decoded = await decompress(sent, { maxOutputLength: bytesMax });
    lease?.grow(decoded.length);
    return decoded;
  } catch (error) {
    if (error instanceof Problem) throw error;
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(bytesMax);
    throw badRequest("The body is not valid gzip, although its content-encoding says so.");
  }
}

/** Returns a UTF-8 text without its byte order mark, which RFC 8259 allows parsers to ignore. */
export function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return hasMark ? bytes.subarray(3) : bytes;
}
