/** W3C Trace Context: the headers `traceparent` and `tracestate`. https://www.w3.org/TR/trace-context/ */

/** The trace to which a message belongs, in the form of the two headers. */
export interface TraceContext {
  /** Valid, of version 00: `00-<trace id>-<span id>-<flags>`. */
  readonly traceparent: string;
  /** Valid, as the caller sent it. Null if there is none. */
  readonly tracestate: string | null;
}

const SAMPLED = 0x01;
/** The trace id was generated at random (Trace Context Level 2). */
const RANDOM = 0x02;

const VERSION = "00";
const INVALID_VERSION = "ff";
const PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE_ID = "0".repeat(32);
const NO_SPAN_ID = "0".repeat(16);
/** Longer headers of future versions are ignored. */
const PARENT_CHARS_MAX = 256;

/** The recommendation requires that 512 characters are passed on. A longer list is ignored. */
const STATE_CHARS_MAX = 4096;
const STATE_MEMBERS_MAX = 32;
const STATE_MEMBER =
  /^(?:[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])?$/;

/**
 * Returns the trace context in the headers of a request, or null if `traceparent` is absent or
 * invalid. An invalid `tracestate` is ignored.
 *
 * A `traceparent` of a future version is read like one of version 00, as the recommendation
 * requires.
 */
export function traceContextOf(traceparent: string | null, tracestate: string | null): TraceContext | null {
  if (traceparent === null) return null;
  const parent = parentOf(traceparent);
  return parent === null ? null : { traceparent: parent, tracestate: stateOf(tracestate) };
}

function parentOf(text: string): string | null {
  if (text.length > PARENT_CHARS_MAX) return null;
  const [, version, traceId, spanId, flags, rest] = PARENT.exec(text) ?? [];
  if (version === undefined || version === INVALID_VERSION) return null;
  if (traceId === NO_TRACE_ID || spanId === NO_SPAN_ID) return null;
  if (version !== VERSION) return `${VERSION}-${traceId}-${spanId}-${hexByte(knownFlags(flags!))}`;
  return rest === undefined ? text : null;
}

function stateOf(text: string | null): string | null {
  if (text === null || text.length > STATE_CHARS_MAX) return null;
  const members = text.split(",").map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ""));
  if (!members.every((member) => STATE_MEMBER.test(member))) return null;
  const keys = members.filter((member) => member !== "").map((member) => member.slice(0, member.indexOf("=")));
  return keys.length > 0 && keys.length <= STATE_MEMBERS_MAX && new Set(keys).size === keys.length ? text : null;
}

function knownFlags(flags: string): number {
  return Number.parseInt(flags, 16) & (SAMPLED | RANDOM);
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

export function traceIdOf({ traceparent }: TraceContext): string {
  return traceparent.slice(3, 35);
}

/** Returns whether the caller records its trace. */
export function isSampled({ traceparent }: TraceContext): boolean {
  return (knownFlags(traceparent.slice(53)) & SAMPLED) !== 0;
}

/** Returns a `traceparent` of the trace with another parent. */
export function traceparentOf(
  traceId: string,
  spanId: string,
  flags: { readonly isSampled: boolean; readonly isRandom: boolean },
): string {
  const byte = (flags.isSampled ? SAMPLED : 0) | (flags.isRandom ? RANDOM : 0);
  return `${VERSION}-${traceId}-${spanId}-${hexByte(byte)}`;
}

/** Returns whether the caller states that it has generated the trace id at random. */
export function isRandom({ traceparent }: TraceContext): boolean {
  return (knownFlags(traceparent.slice(53)) & RANDOM) !== 0;
}

export function spanIdOf({ traceparent }: TraceContext): string {
  return traceparent.slice(36, 52);
}

const RATIO_DIGITS = 14;
const RATIO_RANGE = 2 ** 56;

/**
 * Returns whether a trace is among the `share` (0 to 1) that is recorded. It depends on the last 56
 * bits of the trace id, as in other implementations, so that they choose the same traces.
 */
export function isInShare(traceId: string, share: number): boolean {
  return isValueInShare(Number.parseInt(traceId.slice(-RATIO_DIGITS), 16), share);
}

/** Like `isInShare`, for the last 56 bits of a trace id as a number. */
export function isValueInShare(value: number, share: number): boolean {
  return share > 0 && value / RATIO_RANGE >= 1 - share;
}
