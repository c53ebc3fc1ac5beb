import type { TransformationResult } from "../ports.ts";

/** What a transformation did in an attempt, as it is stored. */
export interface AttemptTransformation {
  /** The method of the request. Null if none was sent. */
  readonly method: string | null;
  /** The payload that was sent: its first 16 KiB. Null if it was that of the message, or none was sent. */
  readonly payload: string | null;
  readonly logs: readonly string[];
}

/** Maximum size of a stored payload, in bytes. */
const PAYLOAD_BYTES_MAX = 16 * 1024;

const utf8 = new TextDecoder();

export function attemptTransformationOf({ sent, logs }: TransformationResult): AttemptTransformation {
  const payload = sent?.payload ?? null;
  return {
    method: sent?.method ?? null,
    // The last character may be cut.
    payload: payload === null ? null : utf8.decode(payload.subarray(0, PAYLOAD_BYTES_MAX)).replace(/\ufffd$/, ""),
    logs,
  };
}
