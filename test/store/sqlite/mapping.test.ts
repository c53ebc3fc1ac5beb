import { describe, expect, test } from "bun:test";
import { createdAt, key, required, rowNumber, setting } from "../../../src/core/resources/field.ts";
import { choice, duration, flag, list, nullable, reserved, text } from "../../../src/core/resources/value-type.ts";
import { mappingOf } from "../../../src/store/sqlite/mapping.ts";

const fields = {
  seq: key("ep_"),
  applicationSeq: rowNumber(),
  name: required(text()),
  paused: setting(flag(), false),
  waitsMs: setting(nullable(list(duration(1000))), null),
  ordering: setting(choice(["parallel", "fifo"]), "parallel"),
  filter: setting(reserved("not yet"), null, { stored: false }),
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
  test("selects each stored field under its name", () => {
    expect(mapping.columns).toBe(
      "seq, application_seq AS applicationSeq, name, paused, waits_ms AS waitsMs, fifo AS ordering, created_at AS createdAt",
    );
  });

  test("inserts all stored fields, and other columns", () => {
    expect(mapping.insert()).toBe(
      "INSERT INTO thing (seq, application_seq, name, paused, waits_ms, fifo, created_at) VALUES ($seq, $applicationSeq, $name, $paused, $waitsMs, $ordering, $createdAt)",
    );
    expect(mapping.insert("hash")).toEndWith(
      "created_at, hash) VALUES ($seq, $applicationSeq, $name, $paused, $waitsMs, $ordering, $createdAt, $hash)",
    );
  });

  test("updates all but what stays as it was created", () => {
    expect(mapping.assignments).toBe("name = $name, paused = $paused, waits_ms = $waitsMs, fifo = $ordering");
  });

  test("reads back from a row what it binds for it", () => {
    const common = { seq: 1, applicationSeq: 2, name: "n", createdAt: 3 };
    const full = { ...common, paused: true, waitsMs: [5, 10], ordering: "fifo" } as const;
    const empty = { ...common, paused: false, waitsMs: null, ordering: "parallel" } as const;
    expect(mapping.toBindings(full)).toEqual({ ...common, paused: 1, waitsMs: "[5,10]", ordering: 1 });
    expect(mapping.toBindings(empty)).toEqual({ ...common, paused: 0, waitsMs: null, ordering: 0 });
    for (const record of [full, empty]) expect(mapping.toRecord(mapping.toBindings(record))).toEqual(record);
  });

  test("leaves out of a record what else is in the row", () => {
    const record = { seq: 1, applicationSeq: 2, name: "n", createdAt: 3, paused: false, waitsMs: null } as const;
    const row = { ...mapping.toBindings({ ...record, ordering: "parallel" }), deletedAt: 5 };
    expect(mapping.toRecord(row)).toEqual({ ...record, ordering: "parallel" });
  });
});
