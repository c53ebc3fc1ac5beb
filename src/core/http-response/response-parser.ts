import { attemptHeadersCharsMax } from "../attempt-headers.ts";
import { isSuccess } from "../outcome.ts";
import { BodyStart } from "./body-start.ts";
import { readChunkSize } from "./chunk-size.ts";
import { framingOf, isPersistent } from "./framing.ts";
import { HeaderFields, latin1 } from "./header-fields.ts";
import {
  chunkSizeLineBytesMax,
  headerBlockBytesMax,
  headerLineBytesMax,
  statusLineBytesMax,
  trailerBytesMax,
} from "./limits.ts";
import { LineReader } from "./line-reader.ts";
import { mayBecomeStatusLine, readStatusLine } from "./status-line.ts";

const CR = 13;

type State =
  | "status line"
  | "headers"
  | "body of known length"
  | "body until close"
  | "chunk size"
  | "chunk"
  | "end of chunk"
  | "trailers"
  | "done";

/**
 * Reads one response to a POST from pieces of any size. The result does not depend on how the bytes
 * are split, except for `mayBeReused` when the body is truncated.
 *
 * A status is never lost: once the status line is complete, `status` is set, and later errors only
 * add a `note`. Interim (1xx) responses are skipped; 101 is final.
 */
export class ResponseParser {
  /** The final status: 101, or 200 to 999. Null until it has been received. */
  status: number | null = null;
  /** The first error in the response, as one sentence. */
  note: string | null = null;
  /** Whether any byte has been received. */
  hasBegun = false;
  /** Whether the connection was closed before the end of the response. */
  isCutOff = false;
  /** Whether another request may be sent on the connection. Valid when `isDone` is true. */
  mayBeReused = false;
  /**
   * The header lines of an unsuccessful response, each with a line feed, truncated. Empty for a
   * successful one, unless the headers are kept.
   */
  headerText = "";
  readonly #body: BodyStart;
  readonly #lines = new LineReader();
  #state: State = "status line";
  #minorVersion = 1;
  #fields = new HeaderFields();
  /** Number of bytes in complete header lines, and later in trailer lines. */
  #blockBytes = 0;
  /** Number of bytes of the body or chunk that have not been read yet. */
  #rest = 0;

  /** @param keepsHeaders Whether `headerText` is wanted for a successful response too. */
  constructor(
    bodyBytesMax: number,
    private readonly keepsHeaders = false,
  ) {
    this.#body = new BodyStart(bodyBytesMax);
  }

  /**
   * Whether the response is complete or reading has stopped. If `status` is still null, the
   * response is not HTTP/1.x.
   */
  get isDone(): boolean {
    return this.#state === "done";
  }

  /** The raw `Retry-After` header, or null if it is absent. */
  get retryAfter(): string | null {
    return this.#fields.retryAfter;
  }

  /** The raw `Cache-Control` header, or undefined if it is absent. */
  get cacheControl(): string | undefined {
    return this.#fields.cacheControl ?? undefined;
  }

  /** The raw `WebHook-Allowed-Origin` header, or undefined if it is absent. */
  get allowedOrigin(): string | undefined {
    return this.#fields.allowedOrigin ?? undefined;
  }

  /** The body, truncated to at most `bodyBytesMax` bytes between characters. */
  get body(): Uint8Array {
    return this.#body.take();
  }

  get contentEncoding(): string | null {
    return this.#fields.contentEncoding;
  }

  get contentType(): string | null {
    return this.#fields.contentType;
  }

  /** Whether the body is longer than `bodyBytesMax`. */
  get isBodyCut(): boolean {
    return this.#body.isFull;
  }

  push(piece: Uint8Array): void {
    if (piece.byteLength === 0 || this.isDone) return;
    this.hasBegun = true;
    let at = 0;
    while (at < piece.byteLength && this.#state !== "done") at = this.#step(piece, at);
    // Bytes after the response do not belong to any request, so the connection cannot be reused.
    if (at < piece.byteLength) this.mayBeReused = false;
    // If the body is too long, the client does not wait for bytes that have not arrived yet.
    if (this.#body.isFull && this.#state !== "done") this.#stop();
  }

  /** Must be called when the connection has been closed by a FIN or by a reset. */
  end(isReset: boolean): void {
    if (this.isDone) return;
    this.isCutOff = this.#state !== "body until close" || isReset;
    this.#stop(this.isCutOff ? "The connection was closed before the end of the response." : null);
  }

  /** Reads one element from position `at` of `piece`. Returns the position after the element. */
  #step(piece: Uint8Array, at: number): number {
    switch (this.#state) {
      case "status line":
        return this.#readStatusLine(piece, at);
      case "headers":
        return this.#readHeader(piece, at);
      case "chunk size":
        return this.#readChunkSize(piece, at);
      case "end of chunk":
        return this.#readEndOfChunk(piece, at);
      case "trailers":
        return this.#readTrailer(piece, at);
      case "body until close":
        this.#body.add(piece, at, piece.byteLength);
        return piece.byteLength;
      default:
        return this.#readCounted(piece, at);
    }
  }

  #readStatusLine(piece: Uint8Array, at: number): number {
    const lines = this.#lines;
    const next = lines.read(piece, at, statusLineBytesMax);
    if (next < 0 && !lines.isTooLong) {
      if (!mayBecomeStatusLine(lines.bytes, lines.start, lines.end)) this.#stop();
      return piece.byteLength;
    }
    const line = readStatusLine(lines.bytes, lines.start, lines.end);
    if (line === null) return this.#stop();
    this.#minorVersion = line.minorVersion;
    // An interim response is followed by another response (RFC 9110, 15.2).
    if (line.status >= 200 || line.status === 101) this.status = line.status;
    if (lines.isTooLong) return this.#stop("The status line was longer than 8 KiB; the rest was ignored.");
    this.#state = "headers";
    return next;
  }

  #readHeader(piece: Uint8Array, at: number): number {
    const lines = this.#lines;
    const next = lines.read(piece, at, headerLineBytesMax);
    if (this.#blockBytes + lines.length + 1 > headerBlockBytesMax) {
      return this.#stop("The header block was longer than 64 KiB; the rest was ignored.");
    }
    if (next < 0) return piece.byteLength;
    this.#blockBytes += lines.length + 1;
    if (lines.isTooLong) {
      this.#fields.close();
      this.#say("A header line was longer than 16 KiB and was ignored.");
    } else if (lines.end === lines.start) {
      this.#endHeaders();
    } else {
      this.#say(this.#fields.read(lines.bytes, lines.start, lines.end));
      if (this.status !== null && (this.keepsHeaders || !isSuccess(this.status))) this.#keepHeader(lines);
    }
    return next;
  }

  #keepHeader({ bytes, start, end }: LineReader): void {
    const room = attemptHeadersCharsMax - this.headerText.length;
    if (room > 0) this.headerText += `${latin1(bytes, start, Math.min(end, start + room))}\n`;
  }

  #endHeaders(): void {
    if (this.status === null) {
      this.#fields = new HeaderFields();
      this.#state = "status line";
      return;
    }
    this.#fields.close();
    const framing = framingOf(this.status, this.#fields);
    switch (framing.kind) {
      case "empty":
        this.#finish();
        break;
      case "length":
        this.#rest = framing.bytes;
        this.#state = "body of known length";
        break;
      case "chunked":
        this.#state = "chunk size";
        break;
      case "until close":
        this.#state = "body until close";
        break;
      case "unknown":
        this.#stop("The Content-Length was invalid; the body was not read.");
    }
  }

  #readCounted(piece: Uint8Array, at: number): number {
    const to = Math.min(piece.byteLength, at + this.#rest);
    this.#body.add(piece, at, to, this.#rest);
    this.#rest -= to - at;
    if (this.#rest > 0) return to;
    if (this.#state === "chunk") this.#state = "end of chunk";
    else this.#finish();
    return to;
  }

  #readChunkSize(piece: Uint8Array, at: number): number {
    const lines = this.#lines;
    const next = lines.read(piece, at, chunkSizeLineBytesMax);
    // A server that announces chunks but sends none may never end the line, so an incomplete line
    // is checked too.
    const endsWithCr = next < 0 && lines.bytes[lines.end - 1] === CR;
    const size = readChunkSize(lines.bytes, lines.start, endsWithCr ? lines.end - 1 : lines.end);
    if (size === null || lines.isTooLong) return this.#stopInChunks();
    if (next < 0) return piece.byteLength;
    this.#rest = size;
    this.#state = size === 0 ? "trailers" : "chunk";
    this.#blockBytes = 0;
    return next;
  }

  #readEndOfChunk(piece: Uint8Array, at: number): number {
    const lines = this.#lines;
    const next = lines.read(piece, at, 1);
    const isCarriageReturn = lines.length === 1 && lines.bytes[lines.start] === CR;
    if (lines.length > 0 && !isCarriageReturn) return this.#stopInChunks();
    if (next < 0) return piece.byteLength;
    this.#state = "chunk size";
    return next;
  }

  #readTrailer(piece: Uint8Array, at: number): number {
    const lines = this.#lines;
    const next = lines.read(piece, at, trailerBytesMax);
    if (this.#blockBytes + lines.length + 1 > trailerBytesMax) {
      return this.#stop("The trailers were longer than 16 KiB; the rest was ignored.");
    }
    if (next < 0) return piece.byteLength;
    this.#blockBytes += lines.length + 1;
    if (lines.end === lines.start) this.#finish();
    return next;
  }

  /** Ends reading at the end of the response. */
  #finish(): void {
    this.#state = "done";
    this.mayBeReused = this.note === null && isPersistent(this.#minorVersion, this.#fields) && this.status !== 101;
  }

  /**
   * Stops reading before the end of the response. Returns the position that `#step` must return.
   */
  #stop(note: string | null = null): number {
    this.#say(note);
    this.#fields.close();
    this.#state = "done";
    return Number.POSITIVE_INFINITY;
  }

  #stopInChunks(): number {
    return this.#stop("The chunked body was malformed; the rest was ignored.");
  }

  /**
   * Adds a note. Ignores errors that follow a truncated body, because they depend on how many bytes
   * happen to arrive.
   */
  #say(note: string | null): void {
    if (!this.#body.isFull) this.note ??= note;
  }
}
