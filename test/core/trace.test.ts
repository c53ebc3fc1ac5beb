import { describe, expect, test } from "bun:test";
import { traceContextOf, traceIdOf } from "../../src/core/trace.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";
const PARENT = `00-${TRACE_ID}-${SPAN_ID}-01`;
const zeros = (count: number) => "0".repeat(count);

/** The header as it is kept; null if it is ignored. The rules are those of W3C Trace Context, section 3.2. */
const PARENTS: ReadonlyArray<readonly [rule: string, header: string, kept: string | null]> = [
  ["a sampled parent", PARENT, PARENT],
  ["an unsampled parent", `00-${TRACE_ID}-${SPAN_ID}-00`, `00-${TRACE_ID}-${SPAN_ID}-00`],
  ["the flag of a random trace id", `00-${TRACE_ID}-${SPAN_ID}-03`, `00-${TRACE_ID}-${SPAN_ID}-03`],
  ["unknown flags of version 00", `00-${TRACE_ID}-${SPAN_ID}-ff`, `00-${TRACE_ID}-${SPAN_ID}-ff`],
  ["a future version", `cc-${TRACE_ID}-${SPAN_ID}-01`, PARENT],
  ["a future version with more fields", `cc-${TRACE_ID}-${SPAN_ID}-01-what-the-future-brings`, PARENT],
  ["a future version with unknown flags", `cc-${TRACE_ID}-${SPAN_ID}-f9`, PARENT],
  ["a future version with a dash at the end", `cc-${TRACE_ID}-${SPAN_ID}-01-`, PARENT],
  ["a future version with more characters but no dash", `cc-${TRACE_ID}-${SPAN_ID}-01.what`, null],
  ["a future version that is very long", `cc-${TRACE_ID}-${SPAN_ID}-01-${"a".repeat(300)}`, null],
  ["the invalid version", `ff-${TRACE_ID}-${SPAN_ID}-01`, null],
  ["more fields in version 00", `${PARENT}-what-the-future-brings`, null],
  ["a dash at the end of version 00", `${PARENT}-`, null],
  ["a version of one digit", `0-${TRACE_ID}-${SPAN_ID}-01`, null],
  ["a version that is not hexadecimal", `.0-${TRACE_ID}-${SPAN_ID}-01`, null],
  ["a version in upper case", `CC-${TRACE_ID}-${SPAN_ID}-01`, null],
  ["a trace id of zeros", `00-${zeros(32)}-${SPAN_ID}-01`, null],
  ["a trace id in upper case", `00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`, null],
  ["a trace id that is too short", `00-${TRACE_ID.slice(1)}-${SPAN_ID}-01`, null],
  ["a trace id that is too long", `00-0${TRACE_ID}-${SPAN_ID}-01`, null],
  ["a trace id that is not hexadecimal", `00-${TRACE_ID.slice(1)}.-${SPAN_ID}-01`, null],
  ["a span id of zeros", `00-${TRACE_ID}-${zeros(16)}-01`, null],
  ["a span id in upper case", `00-${TRACE_ID}-${SPAN_ID.toUpperCase()}-01`, null],
  ["a span id that is too short", `00-${TRACE_ID}-${SPAN_ID.slice(1)}-01`, null],
  ["a span id that is not hexadecimal", `00-${TRACE_ID}-${SPAN_ID.slice(1)}g-01`, null],
  ["flags of one digit", `00-${TRACE_ID}-${SPAN_ID}-1`, null],
  ["flags that are not hexadecimal", `00-${TRACE_ID}-${SPAN_ID}-.0`, null],
  ["no flags", `00-${TRACE_ID}-${SPAN_ID}`, null],
  ["a space before it", ` ${PARENT}`, null],
  ["a line feed after it", `${PARENT}\n`, null],
  ["two headers, which are joined with a comma", `${PARENT}, ${PARENT}`, null],
  ["an empty header", "", null],
];

describe("`traceparent`", () => {
  for (const [rule, header, kept] of PARENTS) {
    test(`${rule} is ${kept === null ? "ignored" : "kept"}`, () => {
      expect(traceContextOf(header, null)?.traceparent ?? null).toBe(kept);
    });
  }

  test("a request without the header has no trace, whatever its `tracestate` is", () => {
    expect([traceContextOf(null, null), traceContextOf(null, "a=1")]).toEqual([null, null]);
  });

  test("the trace id is the second field", () => {
    expect(traceIdOf({ traceparent: PARENT, tracestate: null })).toBe(TRACE_ID);
  });
});

const members = (count: number) => Array.from({ length: count }, (_, i) => `k${i}=v`).join(",");

/** Whether the header is kept. The rules are those of section 3.3. */
const STATES: ReadonlyArray<readonly [rule: string, header: string, isKept: boolean]> = [
  ["a list of members", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", true],
  ["a key with a tenant", "fw529a3039@dt=FfffffX", true],
  ["a key that begins with a digit", "1a@b=1", true],
  ["all characters of a key", "a_-*/0=1", true],
  ["spaces and tabs around members", "a=1 , \t b=2\t", true],
  ["an empty member", "a=1,,b=2,", true],
  ["a space in a value", "a=1 2", true],
  ["32 members", members(32), true],
  ["a key of 256 characters", `${"a".repeat(256)}=1`, true],
  ["a value of 256 characters", `a=${"1".repeat(256)}`, true],
  ["an empty header", "", false],
  ["only commas", ",,", false],
  ["33 members", members(33), false],
  ["a member without a value", "a", false],
  ["an empty value", "a=", false],
  ["an empty key", "=1", false],
  ["a key in upper case", "A=1", false],
  ["a key with a space", "a b=1", false],
  ["a key of 257 characters", `${"a".repeat(257)}=1`, false],
  ["a value of 257 characters", `a=${"1".repeat(257)}`, false],
  ["an equals sign in a value", "a=1=2", false],
  ["a control character in a value", "a=1\u0007", false],
  ["a character outside ASCII", "a=é", false],
  ["a key that occurs twice", "a=1,b=2,a=3", false],
  ["more than 4096 characters", Array.from({ length: 20 }, (_, i) => `k${i}=${"v".repeat(250)}`).join(","), false],
];

describe("`tracestate`", () => {
  for (const [rule, header, isKept] of STATES) {
    test(`${rule} is ${isKept ? "kept unchanged" : "ignored, and the parent is kept"}`, () => {
      expect(traceContextOf(PARENT, header)).toEqual({ traceparent: PARENT, tracestate: isKept ? header : null });
    });
  }
});
