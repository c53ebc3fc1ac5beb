/**
 * Converts validation errors into API findings. The size of findings is bounded, because they are
 * stored with the message.
 */
import type { ErrorObject } from "ajv";
import type { Finding } from "../core/problem.ts";
import type { Failure } from "./assertions.ts";
import { findingsMax, visitKeyword } from "./visit.ts";

const SEGMENT_CHARS_MAX = 64;
/**
 * Maximum number of segments of a location. For a longer location, only the beginning and the end
 * are shown.
 */
const SEGMENTS_MAX = 24;
/** Maximum size of all findings of one payload, as JSON. */
const CHARS_MAX = 8192;
const ROOT = ["body", "payload"];

/** Returns a finding about the payload as a whole. */
export function overall(msg: string, type: string): Finding {
  return { loc: ROOT, msg, type };
}

/** Returns the findings for these errors, at most one per location. */
export function findingsOf(errors: readonly ErrorObject[], payload: unknown): Finding[] {
  const found = new Map<string, Finding>();
  let chars = 0;
  for (const { place, msg, type } of errors.flatMap(misfitsOf)) {
    const key = place.join("/");
    if (found.has(key)) continue;
    const finding = { loc: [...ROOT, ...locOf(place, payload)], msg, type };
    chars += JSON.stringify(finding).length;
    if (chars > CHARS_MAX && found.size > 0) break;
    found.set(key, finding);
    if (found.size === findingsMax) break;
  }
  return [...found.values()];
}

interface Misfit {
  readonly place: readonly string[];
  readonly msg: string;
  readonly type: string;
}

/** Converts a validation error. No message contains a part of the payload. */
function misfitsOf({ instancePath, keyword, message, params }: ErrorObject): Misfit[] {
  const place = instancePath.split("/").slice(1).map(unescapePointer);
  if (keyword !== visitKeyword)
    return [{ place, msg: sentence(message ?? "does not match the schema"), type: `schema.${keyword}` }];
  const failure = params as Failure;
  const type = `schema.${failure.keyword}`;
  if (failure.missing === undefined) return [{ place, msg: sentence(failure.message), type }];
  return failure.missing.map((name) => ({ place: [...place, name], msg: "This field is required.", type }));
}

/** Turns a phrase into a sentence with an initial capital and a full stop. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}

/** Formats a location as elsewhere in the API: `items`, `0`, `id` becomes `items`, `[0]`, `id`. */
function locOf(segments: readonly string[], payload: unknown): string[] {
  let at = payload;
  const texts = segments.map((segment) => {
    const text = Array.isArray(at) ? `[${segment}]` : segment.slice(0, SEGMENT_CHARS_MAX);
    at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[segment] : undefined;
    return text;
  });
  const half = SEGMENTS_MAX / 2;
  return texts.length <= SEGMENTS_MAX ? texts : [...texts.slice(0, half), "…", ...texts.slice(-half)];
}

/** Unescapes a segment of a JSON Pointer. */
export function unescapePointer(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}
