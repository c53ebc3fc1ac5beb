import type { Answer } from "../ports.ts";
import { utf8Start } from "./text.ts";

/** The result of an attempt over a protocol without HTTP statuses. */
export interface ProtocolResult {
  /** The HTTP status that means the same. */
  readonly status: number;
  /** The text that attempts show. For an error, it begins with the protocol's own name of the error. */
  readonly text: string;
  /** A wait that the receiver asked for, in seconds or as an HTTP date. Default: none. */
  readonly retryAfter?: string | null;
  /** The reason of the failure, if it is not that of the status. */
  readonly reason?: "timeout";
}

/** Returns a result in the form in which attempts store it, with at most `bytesMax` bytes of its text. */
export function protocolAnswer(
  { status, text, retryAfter = null, reason }: ProtocolResult,
  bytesMax: number,
): Answer & { readonly kind: "response" } {
  const body = utf8Start(text, bytesMax);
  return { kind: "response", status, retryAfter, body, note: null, ...(reason !== undefined && { reason }) };
}

/** Returns the text of an error: its name, and what the receiver said about it if it said anything. */
export function errorText(name: string, detail: string): string {
  return detail === "" ? name : `${name}: ${detail}`;
}
