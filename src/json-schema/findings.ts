/** What a validator has found, told as the API tells of mistakes. Bounded: it is stored with the message. */
import type { ErrorObject } from "ajv";
import type { Finding } from "../core/problem.ts";
import type { Failure } from "./assertions.ts";
import { findingsMax, visitKeyword } from "./visit.ts";

const SEGMENT_CHARS_MAX = 64;
/** Of a place that lies deeper, the beginning and the end are told. */
const SEGMENTS_MAX = 24;
/** Of all findings of one payload, as JSON. */
const CHARS_MAX = 8192;
const ROOT = ["body", "payload"];

/** About the payload as a whole. */
export function overall(msg: string, type: string): Finding {
  return { loc: ROOT, msg, type };
}

/** At most one a place. */
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

/** None of the messages holds a part of the payload. */
function misfitsOf({ instancePath, keyword, message, params }: ErrorObject): Misfit[] {
  const place = instancePath.split("/").slice(1).map(unescapePointer);
  if (keyword !== visitKeyword) return [{ place, msg: sentence(message ?? "does not fit"), type: `schema.${keyword}` }];
  const failure = params as Failure;
  const type = `schema.${failure.keyword}`;
  if (failure.missing === undefined) return [{ place, msg: sentence(failure.message), type }];
  return failure.missing.map((name) => ({ place: [...place, name], msg: "This field is required.", type }));
}

/** A statement, with its capital and its full stop. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}

/** `items`, `0`, `id` → `items`, `[0]`, `id`, as everywhere in the API. */
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

/** A segment of a JSON Pointer, as it is written there → the name itself. */
export function unescapePointer(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}
