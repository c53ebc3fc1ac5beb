import { exceedsDepth } from "../../core/json.ts";
import { decodeBase64 } from "./bytes.ts";

/**
 * Returns the signature in eBay's header: JSON in base64 with the fields `alg`, `kid`, `signature`
 * and `digest`. Returns null for anything else. The algorithm is fixed by the provider's row, so
 * the header cannot choose one.
 */
export function readEnvelope(value: string): string | null {
  const object = jsonObject(decodeBase64(value));
  return typeof object?.signature === "string" ? object.signature : null;
}

/** Returns the JSON object that the bytes contain, or null. */
export function jsonObject(bytes: Uint8Array | null): Readonly<Record<string, unknown>> | null {
  // `JSON.parse` recurses.
  if (bytes === null || exceedsDepth(bytes)) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
