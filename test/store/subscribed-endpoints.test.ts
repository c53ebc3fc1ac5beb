import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { wants } from "../../src/core/event.ts";
import { SubscribedEndpoints } from "../../src/store/subscribed-endpoints.ts";

const TYPES = ["a", "b", "c"];
const CHANNELS = ["x", "y"];
const someOf = (values: readonly string[]) => fc.option(fc.subarray([...values]), { nil: null });

const anyEndpoints = fc
  .array(fc.record({ eventTypes: someOf(TYPES), channels: someOf(CHANNELS) }), { maxLength: 50, size: "max" })
  .map((all) => all.map((one, i) => ({ ...one, seq: i + 1, filter: null })));

describe("endpoints by event type", () => {
  test("the index finds the same endpoints as a comparison with each of them, in the order of their creation", () => {
    fc.assert(
      fc.property(anyEndpoints, fc.constantFrom(...TYPES, "unknown"), someOf(CHANNELS), (active, type, channels) => {
        const endpoints = new SubscribedEndpoints(active);
        const expected = endpoints.all.filter(({ subscription }) => wants(subscription, type, channels));
        expect(endpoints.matching(type, channels)).toEqual(expected.map(({ seq }) => seq));
      }),
    );
  });

  test("endpoints of other event types are not compared with a message", () => {
    const active = Array.from({ length: 5000 }, (_, i) => ({
      seq: i + 1,
      eventTypes: i % 1000 === 0 ? null : [`type-${i}`],
      channels: null,
      filter: null,
    }));
    const endpoints = new SubscribedEndpoints(active);
    const seqs = (type: string) => endpoints.candidates(type).map(({ seq }) => seq);
    expect(seqs("type-1500")).toEqual([1, 1001, 1501, 2001, 3001, 4001]);
    expect(seqs("unknown")).toEqual([1, 1001, 2001, 3001, 4001]);
  });
});
