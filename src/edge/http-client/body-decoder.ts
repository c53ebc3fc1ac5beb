import { isUtf8 } from "node:buffer";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  type Gunzip,
} from "node:zlib";
import { BodyStart } from "../../core/http-response/body-start.ts";
import { cutUtf8 } from "../../core/text.ts";
import { PrioritySemaphore } from "../priority-semaphore.ts";

/** The beginning of a response body, with the headers that describe its encoding. */
export interface EncodedBody {
  readonly bytes: Uint8Array;
  readonly contentEncoding: string | null;
  readonly contentType: string | null;
  /** Whether reading stopped before the end of the body. */
  readonly isCut: boolean;
}

export interface DecodedBody {
  /**
   * The body in UTF-8, at most as long as the limit. If it could not be decoded, the bytes as
   * received.
   */
  readonly bytes: Uint8Array;
  /** A sentence that says what could not be decoded, or null. */
  readonly note: string | null;
}

/**
 * Maximum number of bodies that are decompressed at the same time. Each may need 16 MiB (brotli's
 * window).
 */
const CONCURRENT_MAX = 2;
const WAITING_MAX = 1000;
/**
 * Maximum number of codings of a body. RFC 9110, 8.4 allows any number, but each needs memory and
 * time.
 */
const CODINGS_MAX = 3;
const NAME_CHARS_MAX = 40;
const NOT_COMPRESSED = /^(?:[ \t]*identity[ \t]*,?)*$/i;
const CHARSET = /;[ \t]*charset[ \t]*=[ \t]*"?(?<label>[^";, \t]+)/i;
const UTF8 = /^(?:utf-?8|us-ascii)$/i;
/** Matches the types of text bodies. Invalid UTF-8 in them means that they use another charset. */
const TEXT = /^[ \t]*(?:text\/|application\/(?:json|xml|javascript|x-www-form-urlencoded)|[^;]*\+(?:json|xml))/i;

const decompressing = new PrioritySemaphore([CONCURRENT_MAX], WAITING_MAX);

/**
 * Returns whether a body must be decoded. Most bodies are short UTF-8 texts and need no decoding.
 */
export function isEncoded({ bytes, contentEncoding, contentType }: EncodedBody): boolean {
  if (bytes.byteLength === 0) return false;
  if (contentEncoding !== null && !NOT_COMPRESSED.test(contentEncoding)) return true;
  const label = contentType === null ? undefined : CHARSET.exec(contentType)?.groups?.label;
  return label === undefined || UTF8.test(label) ? hasBom(bytes) || !isUtf8(bytes) : true;
}

/**
 * Decodes a body: its content codings, then its charset. Reads and returns at most `bytesMax` bytes,
 * however large the decompressed body is. Never rejects.
 */
export async function decodeBody(body: EncodedBody, bytesMax: number): Promise<DecodedBody> {
  const codings = (body.contentEncoding ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
  const unknown = codings.find((coding) => !Object.hasOwn(DECOMPRESSORS, coding));
  if (unknown !== undefined || codings.length > CODINGS_MAX) {
    const name = printable(unknown ?? codings.join(", "));
    return { bytes: body.bytes, note: `The content coding ${name} is not supported; the body was not decoded.` };
  }
  let { bytes, isCut } = body;
  for (const coding of codings.toReversed()) {
    const decompressed = await decompressInTurn(coding, bytes, bytesMax);
    if (decompressed === null) {
      return { bytes: body.bytes, note: `The body is not valid ${printable(coding)}; it was not decoded.` };
    }
    bytes = decompressed.bytes;
    isCut ||= decompressed.isCut;
  }
  return decodeText(bytes, body.contentType, isCut, bytesMax);
}

const FLUSH = { finishFlush: constants.Z_SYNC_FLUSH };

/** The functions that decompress, by coding. They decompress truncated input as far as possible. */
const DECOMPRESSORS: Readonly<Record<string, (bytes: Uint8Array) => Gunzip>> = {
  gzip: () => createGunzip(FLUSH),
  "x-gzip": () => createGunzip(FLUSH),
  deflate: (bytes) => (hasZlibHeader(bytes) ? createInflate(FLUSH) : createInflateRaw(FLUSH)),
  br: () => createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH }),
};

/**
 * Returns whether the bytes start with the header that RFC 1950 requires. Some servers send a
 * deflate stream without it.
 */
function hasZlibHeader([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}

interface Decompressed {
  readonly bytes: Uint8Array;
  readonly isCut: boolean;
}

/** Decompresses a body. Returns null if the bytes are invalid or too many bodies are waiting. */
async function decompressInTurn(coding: string, bytes: Uint8Array, bytesMax: number): Promise<Decompressed | null> {
  if (!(await decompressing.acquire(0))) return null;
  try {
    return await decompress(DECOMPRESSORS[coding]!(bytes), bytes, bytesMax);
  } finally {
    decompressing.release(0);
  }
}

function decompress(stream: Gunzip, bytes: Uint8Array, bytesMax: number): Promise<Decompressed | null> {
  return new Promise((resolve) => {
    const start = new BodyStart(bytesMax);
    const finish = () => resolve({ bytes: start.take(), isCut: start.isFull });
    stream.on("data", (piece: Buffer) => {
      start.add(piece, 0, piece.byteLength);
      if (!start.isFull) return;
      stream.destroy();
      finish();
    });
    stream.on("end", finish);
    stream.on("error", () => resolve(null));
    stream.end(bytes);
  });
}

function decodeText(bytes: Uint8Array, contentType: string | null, isCut: boolean, bytesMax: number): DecodedBody {
  const declared = contentType === null ? undefined : CHARSET.exec(contentType)?.groups?.label;
  const label = bomCharset(bytes) ?? declared ?? guessedCharset(bytes, contentType);
  if (label === null || (UTF8.test(label) && !hasBom(bytes))) return { bytes, note: null };
  try {
    // With `stream`, an incomplete last character is dropped.
    const text = new TextDecoder(label).decode(bytes, { stream: isCut });
    return { bytes: cutUtf8(Buffer.from(text, "utf8"), bytesMax), note: null };
  } catch {
    return { bytes, note: `The charset ${printable(label)} is not supported; the body was not decoded.` };
  }
}

/**
 * Returns windows-1252, which includes Latin-1, for text that is not UTF-8. Otherwise returns null.
 */
function guessedCharset(bytes: Uint8Array, contentType: string | null): string | null {
  return contentType !== null && TEXT.test(contentType) && !isUtf8(bytes) ? "windows-1252" : null;
}

function bomCharset([first, second, third]: Uint8Array): string | null {
  if (first === 0xef && second === 0xbb && third === 0xbf) return "utf-8";
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : null;
}

function hasBom(bytes: Uint8Array): boolean {
  return bomCharset(bytes) !== null;
}

/** Returns a name from a header without characters that cannot be displayed. */
function printable(name: string): string {
  return name.slice(0, NAME_CHARS_MAX).replace(/[^\x21-\x7e ]/g, "?");
}
