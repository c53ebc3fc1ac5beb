import { type ByteRange, exceedsDepth, isValidUtf8, jsonDepthMax } from "../../core/json.ts";
import { OPEN_ARRAY, OPEN_OBJECT } from "../../core/json-bytes.ts";
import { JsonCheck } from "../../core/json-check.ts";
import { findSyntaxError } from "../../core/json-syntax.ts";
import { type Invalid, invalid } from "../../core/problem.ts";
import type { Clock } from "../../ports.ts";
import type { ByteBudget, ByteLease, Caller } from "./byte-budget.ts";
import { badRequest, bodyTimeout, tooLarge } from "./errors.ts";
import { SharedDeadline } from "./shared-deadline.ts";

const noBytes = new Uint8Array(0);

/** Maximum size of a body that is not charged to the budget, in bytes. */
const SMALL_BYTES = 16 * 1024;
/**
 * How long a body may take, in ms: a fixed time, and for a large body more for each piece of it. A
 * small body may take up to twice the fixed time.
 */
const BODY_MS = 30_000;
const PIECE_BYTES = 64 * 1024;
const PIECE_MS = 1000;

/** What the headers of a request state about its body. */
export interface Framing {
  /** Null if the length is unknown. */
  readonly length: number | null;
  /** Whether the body has a content encoding. */
  readonly isEncoded: boolean;
}

/** Reads the headers once, because each look at them costs a call of native code. */
export function framingOf({ headers }: Request): Framing {
  return framing(headers.get("content-length"), headers.has("content-encoding"));
}

/**
 * Returns what the header `content-length` states. The length is unknown without the header, and if the
 * header is sent twice. Bun joins the values of such headers (Bun 1.4.5).
 */
export function framing(contentLength: string | null, isEncoded: boolean): Framing {
  const length = contentLength !== null && /^\d+$/.test(contentLength) ? Number(contentLength) : null;
  return { length, isEncoded };
}

/**
 * Returns a lease for the body of a request, or null if the body is known to be small. The caller
 * ends the lease when it no longer needs the body.
 */
export function bodyLease({ length, isEncoded }: Framing, budget: ByteBudget, caller: Caller): ByteLease | null {
  const isSmall = length !== null && length <= SMALL_BYTES && !isEncoded;
  return isSmall ? null : budget.lease(caller);
}

/** Returns the time limit that all small bodies share. */
export function smallBodyDeadline(clock: Pick<Clock, "after">): SharedDeadline {
  return new SharedDeadline(BODY_MS, clock);
}

interface Reading {
  readonly framing: Framing;
  readonly bytesMax: number;
  readonly lease: ByteLease | null;
  readonly clock: Pick<Clock, "after">;
  /** The time limit for a body without a lease. */
  readonly smallBodies: SharedDeadline;
}

/**
 * Reads a request's body, whatever its content type. Throws 413 as soon as the body exceeds
 * `bytesMax`, 503 if the lease cannot grow to the body's size, and 408 if the body does not arrive
 * in time.
 */
export async function readBody(
  request: Request,
  { framing: { length }, bytesMax, lease, clock, smallBodies }: Reading,
): Promise<Uint8Array> {
  if (length !== null && length > bytesMax) throw tooLarge(bytesMax);
  try {
    if (lease === null) return await smallBodies.within(request.bytes(), bodyTimeout);
    if (length !== null) lease.grow(length);
    const cancel = new AbortController();
    const reading = bytesOf(request, length, bytesMax, lease, cancel.signal);
    return await inTime(reading, timeLimitMs(length ?? bytesMax), clock, cancel);
  } catch (error) {
    // The client has closed the connection. It will not read the response, and this is not an error
    // of the server.
    if (error instanceof DOMException)
      throw badRequest("The body is incomplete: the connection was closed while it was sent.");
    throw error;
  }
}

function bytesOf(
  request: Request,
  length: number | null,
  bytesMax: number,
  lease: ByteLease,
  over: AbortSignal,
): Promise<Uint8Array> | Uint8Array {
  // Creating the stream `request.body` costs more than all other steps, so the stream is used
  // only for a body of unknown length.
  if (length !== null) return request.bytes();
  return request.body === null ? noBytes : readStream(request.body, bytesMax, lease, over);
}

/** Returns how long a body of this size may take. Slower clients would hold its memory for long. */
function timeLimitMs(bytes: number): number {
  return BODY_MS + Math.ceil(bytes / PIECE_BYTES) * PIECE_MS;
}

/** Throws 408 if the body is not read within the time limit, and then aborts the reading. */
async function inTime(
  reading: Promise<Uint8Array> | Uint8Array,
  limitMs: number,
  clock: Pick<Clock, "after">,
  cancel: AbortController,
): Promise<Uint8Array> {
  if (!(reading instanceof Promise)) return reading;
  let stop = () => {};
  const timeout = new Promise<never>((_, reject) => {
    stop = clock.after(limitMs, () => {
      reject(bodyTimeout());
      cancel.abort();
    });
  });
  try {
    return await Promise.race([reading, timeout]);
  } finally {
    stop();
  }
}

async function readStream(
  stream: ReadableStream<Uint8Array>,
  bytesMax: number,
  lease: ByteLease,
  over: AbortSignal,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = stream.getReader();
  over.addEventListener("abort", () => void reader.cancel());
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks, bytes);
    bytes += value.length;
    if (bytes > bytesMax) {
      void reader.cancel();
      throw tooLarge(bytesMax);
    }
    try {
      lease.grow(value.length);
    } catch (error) {
      void reader.cancel();
      throw error;
    }
    chunks.push(value);
  }
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Parses a JSON body. Throws 422 if the body is not valid JSON. The error contains no part of the
 * body.
 */
export function parseJson(bytes: Uint8Array): unknown {
  checkBytes(bytes);
  return parsed(bytes);
}

/** How many bytes of a large body are checked in one turn of the event loop. */
const STEP_BYTES = 256 * 1024;
/**
 * Maximum number of different keys in a large body outside the parts that are not parsed. `JSON.parse`
 * takes about 20 ms for an object with 50,000 keys.
 */
const DIFFERENT_KEYS_MAX = 50_000;

export interface Checking {
  readonly clock: Pick<Clock, "soon">;
  /** A random number of this process. See `JsonCheck`. */
  readonly keySeed: number;
}

/**
 * Parses a large JSON body like `parseJson`, but replaces the objects and arrays at `unread` with empty
 * ones. `unread` must be sorted and must not overlap. Checks the body in steps, so that the event loop
 * is not blocked. Throws 422 if too many different keys remain.
 */
export async function parseJsonAround(
  bytes: Uint8Array,
  unread: readonly ByteRange[],
  checking: Checking,
): Promise<unknown> {
  const keysInAll = await checkInSteps(bytes, checking);
  if (keysInAll === null) {
    checkBytes(bytes);
    throw invalidBody(syntaxMessage(utf8.decode(bytes)));
  }
  const rest = unread.length === 0 ? bytes : without(bytes, unread);
  const keys = keysInAll <= DIFFERENT_KEYS_MAX || rest === bytes ? keysInAll : await checkInSteps(rest, checking);
  if (keys === null || keys > DIFFERENT_KEYS_MAX) {
    throw invalidBody(
      `The body has more than ${DIFFERENT_KEYS_MAX} different keys outside the payloads of messages. Send fewer items per request, or move the data into the payload.`,
    );
  }
  return parsed(rest);
}

/** Returns the number of different keys, or null if the bytes are not JSON. */
async function checkInSteps(bytes: Uint8Array, { clock, keySeed }: Checking): Promise<number | null> {
  if (!isValidUtf8(bytes)) return null;
  const check = new JsonCheck(bytes, keySeed);
  for (;;) {
    const isJson = check.advance(STEP_BYTES);
    if (isJson !== null) return isJson ? check.differentKeys : null;
    await new Promise<void>((resolve) => clock.soon(resolve));
  }
}

/** Returns the bytes without the content of the objects and arrays at the ranges. */
function without(bytes: Uint8Array, ranges: readonly ByteRange[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const [start, end] of ranges) {
    if (bytes[start] !== OPEN_OBJECT && bytes[start] !== OPEN_ARRAY) continue;
    parts.push(bytes.subarray(from, start + 1));
    from = end - 1;
  }
  return Buffer.concat([...parts, bytes.subarray(from)]);
}

function checkBytes(bytes: Uint8Array): void {
  if (!isValidUtf8(bytes)) throw invalidBody("The body is not valid UTF-8.");
  if (exceedsDepth(bytes)) throw invalidBody(`The body is nested deeper than ${jsonDepthMax} levels.`);
}

function parsed(bytes: Uint8Array): unknown {
  const text = utf8.decode(bytes);
  try {
    return JSON.parse(text);
  } catch {
    throw invalidBody(bytes.length === 0 ? "The body is empty. Send JSON." : syntaxMessage(text));
  }
}

function syntaxMessage(text: string): string {
  const error = findSyntaxError(text);
  if (error === null) return "The body is not valid JSON.";
  const place = `line ${error.line}, column ${error.column}`;
  return error.atEnd
    ? `The body is not valid JSON: it ends too early, at ${place}.`
    : `The body is not valid JSON: unexpected character at ${place}.`;
}

function invalidBody(msg: string): Invalid {
  return invalid(["body"], msg, "value_error.jsondecode");
}
