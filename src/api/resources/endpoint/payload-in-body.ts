import { type ByteRange, topLevelFields } from "../../../core/json.ts";

/** Reads the field `payload` of a request as bytes, because parsed JSON has rounded numbers. */

export function payloadOf(bytes: Uint8Array): Uint8Array | null {
  const range = topLevelFields(bytes, ["payload"])?.fields.get("payload");
  return range === undefined ? null : bytes.subarray(...range);
}

export function payloadRanges(bytes: Uint8Array): ByteRange[] {
  const ranges: ByteRange[] = [];
  topLevelFields(bytes, ["payload"], 0, (range) => ranges.push(range));
  return ranges;
}
