import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  bodyBytesOf,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  readRecord,
  readSegment,
  sealRecord,
} from "../../src/core/replica-record.ts";

const PAGE = 512;

const headers = fc
  .record({
    ...{ epoch: fc.integer({ min: 1, max: 2 ** 31 }), from: fc.integer({ min: 0, max: 1000 }) },
    ...{ count: fc.integer({ min: 1, max: 4 }), framesBefore: fc.nat(), at: fc.integer({ min: 0, max: 2 ** 48 }) },
    ...{ salt1: fc.integer({ min: 0, max: 2 ** 32 - 1 }), salt2: fc.integer({ min: 0, max: 2 ** 32 - 1 }) },
  })
  .map(({ count, ...header }): RecordHeader => ({ ...header, to: header.from + count, pageBytes: PAGE }));

function recordOf(header: RecordHeader, fill = 7): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + bodyBytesOf(header)).fill(fill);
  sealRecord(bytes, header);
  return bytes;
}

const one: RecordHeader = {
  ...{
    epoch: 3,
    from: 10,
    to: 12,
    framesBefore: 9,
    pageBytes: PAGE,
    salt1: 0xffffffff,
    salt2: 1,
    at: 1_790_000_000_000,
  },
};

describe("records of a replica", () => {
  test("a record is read as it was written", () => {
    fc.assert(
      fc.property(fc.array(headers, { minLength: 1, maxLength: 4 }), (all) => {
        const segment = Buffer.concat(all.map((header, i) => recordOf(header, i)));
        const { records, defect } = readSegment(segment);
        expect(defect).toBeNull();
        expect(records.map(({ body: _, ...header }) => header)).toEqual(all);
        expect(records.map(({ body }) => body.length)).toEqual(all.map(bodyBytesOf));
      }),
    );
  });

  test("a segment that was cut off anywhere has the records before the cut, and says that it is truncated", () => {
    const first = recordOf(one);
    const segment = Buffer.concat([first, recordOf({ ...one, from: 12, to: 13 })]);
    for (let length = 0; length <= segment.length; length++) {
      const { records, defect } = readSegment(segment.subarray(0, length));
      const whole = length === 0 || length === first.length || length === segment.length;
      const count = length < first.length ? 0 : length < segment.length ? 1 : 2;
      expect({ length, count: records.length, defect }).toEqual({ length, count, defect: whole ? null : "truncated" });
    }
  });

  test("a record with any changed byte is damaged, or truncated if it seems longer", () => {
    const bytes = recordOf(one);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes);
      changed[at]! ^= 0x41;
      expect({ at, record: readRecord(changed, 0) }).toEqual({ at, record: "damaged" });
    }
  });

  test("bytes after a record that are no record are damage, and the record is kept", () => {
    const segment = Buffer.concat([recordOf(one), Buffer.alloc(200)]);
    const { records, defect } = readSegment(segment);
    expect([records.length, defect]).toEqual([1, "damaged"]);
  });

  test("a record may begin with the header of the log only at frame 0", () => {
    expect(bodyBytesOf({ from: 0, to: 1, pageBytes: PAGE }) - bodyBytesOf({ from: 1, to: 2, pageBytes: PAGE })).toBe(
      32,
    );
  });
});
