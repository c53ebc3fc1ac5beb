import { ResponseParser } from "../../../src/core/http-response/response-parser.ts";

export const BODY_BYTES_MAX = 64;

/** The result of parsing a response. The body is Latin-1. */
export interface ReadResponse {
  readonly status: number | null;
  readonly retryAfter: string | null;
  readonly body: string;
  readonly note: string | null;
  readonly isDone: boolean;
  readonly isCutOff: boolean;
  readonly mayBeReused: boolean;
}

/** How the connection ends after the last piece; null means that it stays open. */
export type Ending = "close" | "reset" | null;

export function readPieces(
  pieces: readonly Uint8Array[],
  ending: Ending = null,
  bodyBytesMax = BODY_BYTES_MAX,
): ReadResponse {
  const parser = new ResponseParser(bodyBytesMax);
  for (const piece of pieces) parser.push(piece);
  if (ending !== null) parser.end(ending === "reset");
  const { status, retryAfter, body, note, isDone, isCutOff, mayBeReused } = parser;
  return { status, retryAfter, body: Buffer.from(body).toString("latin1"), note, isDone, isCutOff, mayBeReused };
}

/** Parses a response that is given as Latin-1 text, in one piece. */
export function readText(text: string, ending: Ending = null): ReadResponse {
  return readPieces([Buffer.from(text, "latin1")], ending);
}

/**
 * Returns a response with these header lines, followed by the text `rest`. Its status is 200 by
 * default.
 */
export function responseOf(headers: readonly string[], rest = "", statusLine = "HTTP/1.1 200 OK"): string {
  return [statusLine, ...headers, "", rest].join("\r\n");
}

export function chunked(...chunks: readonly string[]): string {
  return [...chunks, ""].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
}
