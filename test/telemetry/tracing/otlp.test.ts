import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { otlpForms } from "../../../src/telemetry/tracing/otlp.ts";
import type { Attributes, Origin, Span } from "../../../src/telemetry/tracing/span.ts";
import { decodedSpans, partialSuccess } from "../../support/collector.ts";

/** Tests the encoders with the decoder that OpenTelemetry generates from its `.proto` files. */

const origin: Origin = {
  resource: { "service.name": "boathook", "service.version": "1.2.3" },
  scope: { name: "boathook", version: "1.2.3" },
};

const hexDigits = (count: number) =>
  fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: count, maxLength: count }).map((all) => all.join(""));
/** Any text, as often longer than the sizes at which its length needs one more byte. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .tuple(fc.constantFrom("a", "ü", "日", "😀"), fc.constantFrom(126, 127, 128, 16_383, 16_384, 20_000))
    .map(([character, count]) => character.repeat(count)),
);
const attributes = fc.dictionary(
  fc.string({ unit: "grapheme", minLength: 1 }).filter((key) => key !== "__proto__"),
  fc.oneof(text, fc.boolean(), fc.maxSafeNat(), fc.constant(undefined)),
  { maxKeys: 8 },
);
const span: fc.Arbitrary<Span> = fc.record({
  traceId: hexDigits(32),
  spanId: hexDigits(16),
  parentSpanId: fc.option(hexDigits(16)),
  tracestate: fc.option(fc.constantFrom("a=1", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")),
  name: text,
  kind: fc.constantFrom(1, 2, 3),
  startAt: fc.integer({ min: 0, max: 4_000_000_000_000 }).map((quarters) => quarters / 4),
  endAt: fc.integer({ min: 0, max: 4_000_000_000_000 }).map((quarters) => quarters / 4),
  attributes,
  error: fc.option(fc.constantFrom("timeout", "status_5xx")),
});

const withoutUndefined = (all: Attributes) =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<string, string>;

function expected({ parentSpanId, tracestate, startAt, endAt, error, ...rest }: Span) {
  return {
    ...rest,
    attributes: withoutUndefined(rest.attributes),
    parentSpanId: parentSpanId ?? "",
    traceState: tracestate ?? "",
    startTime: BigInt(startAt * 4) * 250_000n,
    endTime: BigInt(endAt * 4) * 250_000n,
    status: error === null ? { code: 0, message: "" } : { code: 2, message: error },
    resource: withoutUndefined(origin.resource),
    scope: origin.scope,
  };
}

for (const [protocol, form] of Object.entries(otlpForms)) {
  describe(protocol, () => {
    test("a decoder reads any spans as they were", () => {
      fc.assert(
        fc.property(fc.array(span, { minLength: 1, maxLength: 20 }), (spans) => {
          const decoded = decodedSpans(form.contentType, form.encode(spans, origin));
          expect(decoded).toEqual(spans.map(expected));
        }),
        { numRuns: 200 },
      );
    });

    test("the number of rejected spans is read from a response", () => {
      for (const count of [0, 1, 127, 128, 300, 5_000_000_000]) {
        expect(form.rejected(partialSuccess(form.contentType, count))).toBe(count);
      }
    });

    test("a response that cannot be read reports no rejected spans", () => {
      const responses = [
        "",
        "{}",
        "null",
        "[]",
        '{"partialSuccess":{"rejectedSpans":"many"}}',
        "\n",
        "\n\u0002\b",
        "<html>",
      ];
      const endless = Buffer.from([0x0a, 0x7f, 0x08, ...Array<number>(3000).fill(0xff)]);
      const negative = Buffer.from([0x0a, 0x0b, 0x08, ...Array<number>(9).fill(0xff), 0x01]);
      for (const response of [...responses, endless, negative]) {
        expect(form.rejected(Buffer.from(response))).toBe(0);
      }
    });
  });
}
