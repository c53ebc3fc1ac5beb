import { describe, expect, test } from "bun:test";
import { createdAt, key, required, rowNumber, setting } from "../../../src/core/resources/field.ts";
import { choice, duration, flag, list, nullable, text } from "../../../src/core/resources/value-type.ts";
import { mappingOf } from "../../../src/store/sql/mapping.ts";

const fields = {
  seq: key("ep_"),
  applicationSeq: rowNumber(),
  name: required(text()),
  paused: setting(flag(), false),
  waitsMs: setting(nullable(list(duration(1000))), null),
  ordering: setting(choice(["parallel", "fifo"]), "parallel"),
  stage: setting(text(), "", { stored: false }),
  createdAt,
};

const mapping = mappingOf("thing", fields, {
  ordering: {
    column: "fifo",
    encode: (ordering) => (ordering === "fifo" ? 1 : 0),
    decode: (fifo) => (fifo === 1 ? "fifo" : "parallel"),
  },
});

describe("the mapping of a resource to a table", () => {
  test("a mapping selects each stored field under the field's name", () => {
    expect(mapping.columns).toBe(
      'seq, application_seq AS "applicationSeq", name, paused, waits_ms AS "waitsMs", fifo AS "ordering", created_at AS "createdAt"',
    );
  });

  test("a mapping inserts all stored fields and additional columns", () => {
    expect(mapping.insert()).toBe(
      "INSERT INTO thing (seq, application_seq, name, paused, waits_ms, fifo, created_at) VALUES ($seq, $applicationSeq, $name, $paused, $waitsMs, $ordering, $createdAt)",
    );
    expect(mapping.insert("hash")).toEndWith(
      "created_at, hash) VALUES ($seq, $applicationSeq, $name, $paused, $waitsMs, $ordering, $createdAt, $hash)",
    );
  });

  test("a mapping updates all fields except immutable ones", () => {
    expect(mapping.assignments).toBe("name = $name, paused = $paused, waits_ms = $waitsMs, fifo = $ordering");
  });

  test("a mapping reads back the values that it has written", () => {
    const common = { seq: 1, applicationSeq: 2, name: "n", createdAt: 3 };
    const full = { ...common, paused: true, waitsMs: [5, 10], ordering: "fifo" } as const;
    const empty = { ...common, paused: false, waitsMs: null, ordering: "parallel" } as const;
    expect(mapping.toBindings(full)).toEqual({ ...common, paused: 1, waitsMs: "[5,10]", ordering: 1 });
    expect(mapping.toBindings(empty)).toEqual({ ...common, paused: 0, waitsMs: null, ordering: 0 });
    for (const record of [full, empty]) expect(mapping.toRecord(mapping.toBindings(record))).toEqual(record);
  });

  test("a mapping leaves additional columns of a row out of the record", () => {
    const record = { seq: 1, applicationSeq: 2, name: "n", createdAt: 3, paused: false, waitsMs: null } as const;
    const row = { ...mapping.toBindings({ ...record, ordering: "parallel" }), deletedAt: 5 };
    expect(mapping.toRecord(row)).toEqual({ ...record, ordering: "parallel" });
  });
});
