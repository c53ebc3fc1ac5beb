import type { Answer } from "../ports.ts";

/** The result of an attempt over a protocol without HTTP statuses. */
export interface ProtocolResult {
  /** The HTTP status that means the same. */
  readonly status: number;
  /** The text that attempts show. For an error, it begins with the protocol's own name of it. */
  readonly text: string;
  /** A wait that the receiver asked for, in seconds or as an HTTP date. Default: none. */
  readonly retryAfter?: string | null;
  /** The reason of the failure, if it is not that of the status. */
  readonly reason?: "timeout";
}

/** Returns a result in the form in which attempts of every protocol are stored, with at most `bytesMax` of its text. */
export function protocolAnswer({ status, text, retryAfter = null, reason }: ProtocolResult, bytesMax: number): Answer {
  const body = utf8Start(text, bytesMax);
  return { kind: "response", status, retryAfter, body, note: null, ...(reason !== undefined && { reason }) };
}

/** Returns the text of an error: its name and what the receiver said about it. */
export function errorText(name: string, detail: string): string {
  return detail === "" ? name : `${name}: ${detail}`;
}

/** Returns the first `bytesMax` bytes of a text in UTF-8, cut between characters. */
export function utf8Start(text: string, bytesMax: number): Uint8Array {
  const bytes = Buffer.from(text.slice(0, bytesMax), "utf8");
  if (bytes.byteLength <= bytesMax) return bytes;
  let end = bytesMax;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
