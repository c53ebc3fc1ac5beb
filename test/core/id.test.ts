import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  acceptanceTime,
  ClockSeqSource,
  IdCodec,
  type IdPrefix,
  placeAt,
  seqAt,
  seqBefore,
  timeOfSeq,
} from "../../src/core/id.ts";

const codec = new IdCodec([1, 2, 3, 4]);
const prefixes: IdPrefix[] = [
  "org_",
  "app_",
  "ep_",
  "msg_",
  "dlv_",
  "atmpt_",
  "evtype_",
  "qtask_",
  "src_",
  "tok_",
  "audit_",
];
const anySeq = fc.maxSafeNat();
const anyPrefix = fc.constantFrom(...prefixes);

test("ids contain the name of the shard that created the row, and earlier ids stay as they were", () => {
  const seed = [1, 2, 3, 4] as const;
  const [before, after] = [seqAt(Date.UTC(2026, 0, 1)), seqAt(Date.UTC(2026, 0, 2))];
  const plain = new IdCodec(seed);
  const codec = new IdCodec(seed, null, [
    { name: "eu1", from: after },
    { name: null, from: after + 10 },
    { name: "abcdefgh", from: after + 20 },
  ]);
  expect(codec.encode("app_", before)).toBe(plain.encode("app_", before));
  expect(codec.encode("app_", after)).toMatch(/^app_\w{9}eu1ZZZZZ\w{10}$/);
  expect(codec.encode("app_", after + 10)).toBe(plain.encode("app_", after + 10));
  expect(codec.encode("app_", after + 20)).toMatch(/^app_\w{9}abcdefgh\w{10}$/);
  for (const seq of [before, after, after + 10, after + 20]) {
    expect(codec.decode("app_", codec.encode("app_", seq))).toBe(seq);
  }
  expect(codec.decode("app_", plain.encode("app_", after))).toBeNull();
});

describe("sequence numbers", () => {
  test("sequence numbers encode their creation time", () => {
    const birth = Date.UTC(2026, 5, 1, 12, 30);
    expect(timeOfSeq(seqAt(birth))).toBe(birth);
    expect(timeOfSeq(seqAt(birth) + 4095)).toBe(birth);
    expect(timeOfSeq(seqAt(birth) + 4096)).toBe(birth + 1);
  });

  test("the position of a scheduled delivery encodes its due time, but is always greater than its own number", () => {
    const now = Date.UTC(2026, 5, 1);
    const seq = seqAt(now) + 7;
    expect(placeAt(seq, null)).toBe(seq);
    expect(placeAt(seq, now + 1000)).toBe(seqAt(now + 1000));
    for (const dueAt of [now, now - 1000, 0]) expect(placeAt(seq, dueAt)).toBe(seq + 1);
  });

  test("sequence numbers of times before 2025 are 0, not negative", () => {
    expect(seqAt(0)).toBe(0);
    expect(seqBefore(0)).toBe(0);
  });

  test("the last sequence number before a time belongs to the millisecond before", () => {
    const at = Date.UTC(2026, 5, 1, 12, 30);
    expect(seqBefore(at)).toBe(seqAt(at) - 1);
    expect(timeOfSeq(seqBefore(at))).toBe(at - 1);
  });

  test("a message counts as accepted at the time of its number, unless the clock was set back since", () => {
    const now = Date.UTC(2026, 5, 1);
    expect(acceptanceTime(seqAt(now + 16) + 7, now)).toBe(now + 16);
    expect(acceptanceTime(seqAt(now), now + 1)).toBe(now);
    expect(acceptanceTime(seqAt(now + 3_600_000), now)).toBe(now);
    expect(acceptanceTime(1, now)).toBe(now);
  });

  test("sequence numbers increase strictly, whatever the clock does and however many are allocated", () => {
    const step = fc.record({ now: fc.integer({ min: 0, max: 2e12 }), count: fc.integer({ min: 1, max: 10_000 }) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        let now = 0;
        const source = new ClockSeqSource(() => now);
        let last = 0;
        for (const { now: at, count } of steps) {
          now = at;
          const first = source.take(count);
          expect(first).toBeGreaterThan(last);
          last = first + count - 1;
          expect(source.last).toBe(last);
        }
      }),
    );
  });

  test("sequence numbers continue after the greatest number of the previous run", () => {
    const source = new ClockSeqSource(() => Date.UTC(2025, 0, 1), 1_000_000);
    expect([source.next(), source.next()]).toEqual([1_000_001, 1_000_002]);
  });

  test("sequence numbers remain safe integers until at least 2090", () => {
    expect(Number.isSafeInteger(seqAt(Date.UTC(2090, 0, 1)))).toBe(true);
  });
});

describe("ids", () => {
  test("ids consist of the prefix and 27 base62 characters", () => {
    fc.assert(
      fc.property(anyPrefix, anySeq, (prefix, seq) => {
        expect(codec.encode(prefix, seq)).toMatch(new RegExp(`^${prefix}[0-9A-Za-z]{27}$`));
      }),
    );
  });

  test("ids decode to the sequence number that they encode", () => {
    fc.assert(
      fc.property(anyPrefix, anySeq, (prefix, seq) => {
        expect(codec.decode(prefix, codec.encode(prefix, seq))).toBe(seq);
      }),
    );
  });

  test("ids sort bytewise in the order of their sequence numbers", () => {
    fc.assert(
      fc.property(anySeq, anySeq, (a, b) => {
        const [idA, idB] = [codec.encode("msg_", a), codec.encode("msg_", b)];
        expect(idA < idB).toBe(a < b);
      }),
    );
  });

  test("ids with another prefix or from another installation are not recognised", () => {
    const other = new IdCodec([1, 2, 3, 5]);
    fc.assert(
      fc.property(anySeq, (seq) => {
        expect(codec.decode("app_", codec.encode("msg_", seq))).toBeNull();
        expect(codec.decode("msg_", other.encode("msg_", seq))).toBeNull();
      }),
    );
  });

  test("ids with one changed character are not recognised", () => {
    fc.assert(
      fc.property(anySeq, fc.integer({ min: 4, max: 30 }), (seq, at) => {
        const id = codec.encode("msg_", seq);
        const changed = id.slice(0, at) + (id[at] === "0" ? "1" : "0") + id.slice(at + 1);
        expect(codec.decode("msg_", changed)).toBeNull();
      }),
    );
  });

  test("decoding any text never throws and recognises only ids", () => {
    for (const text of [
      "",
      "msg_",
      `msg_${"z".repeat(27)}`,
      `msg_${"é".repeat(27)}`,
      `msg_${"\u{10000}".repeat(13)}a`,
    ]) {
      expect(codec.decode("msg_", text)).toBeNull();
    }
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => codec.decode("msg_", `msg_${text}`) === null));
  });

  test("the hash in an id does not reveal how close two sequence numbers are", () => {
    const tail = (seq: number) => codec.encode("msg_", seq).slice(-18);
    const tails = new Set(Array.from({ length: 5000 }, (_, i) => tail(1e12 + i)));
    expect(tails.size).toBe(5000);
  });
});
