/**
 * Converts validation errors into API findings. The size of findings is bounded, because they are
 * stored with the message.
 */
import type { ErrorObject } from "ajv";
import type { Finding } from "../core/problem.ts";

/** Maximum number of findings of one check. */
const FINDINGS_MAX = 20;
const SEGMENT_CHARS_MAX = 64;
/**
 * Maximum number of segments of a location. For a longer location, only the beginning and the end
 * are shown.
 */
const SEGMENTS_MAX = 24;
/** Maximum length of what a message quotes from the schema, and of the message. */
const MESSAGE_CHARS_MAX = 160;
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
  for (const error of errors) {
    const { place, msg, type } = misfitOf(error);
    const key = place.join("/");
    if (found.has(key)) continue;
    const finding = { loc: [...ROOT, ...locOf(place, payload)], msg, type };
    chars += JSON.stringify(finding).length;
    if (chars > CHARS_MAX && found.size > 0) break;
    found.set(key, finding);
    if (found.size === FINDINGS_MAX) break;
  }
  return [...found.values()];
}

interface Misfit {
  readonly place: readonly string[];
  readonly msg: string;
  readonly type: string;
}

/** The parameters of errors that name a field below the place of the error. */
interface FieldParams {
  readonly missingProperty?: string;
  readonly additionalProperty?: string;
  readonly unevaluatedProperty?: string;
}

/** Converts a validation error. No message contains a part of the payload. */
function misfitOf({ instancePath, keyword, message, params }: ErrorObject): Misfit {
  const place = instancePath.split("/").slice(1).map(unescapePointer);
  const { missingProperty: missing, additionalProperty, unevaluatedProperty } = params as FieldParams;
  const type = `schema.${keyword}`;
  if (missing !== undefined) return { place: [...place, missing], msg: "This field is required.", type };
  const extra = additionalProperty ?? unevaluatedProperty;
  if (extra !== undefined) return { place: [...place, extra], msg: "The schema does not allow this field.", type };
  if (keyword === "false schema") return { place, msg: "No value is allowed here.", type: "schema.false" };
  return { place, msg: sentence(shortened(message ?? "does not match the schema")), type };
}

function shortened(text: string): string {
  return text.length <= MESSAGE_CHARS_MAX ? text : `${text.slice(0, MESSAGE_CHARS_MAX)}…`;
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
