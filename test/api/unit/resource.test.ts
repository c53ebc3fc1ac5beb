import { describe, expect, test } from "bun:test";
import { type Static, Type } from "@sinclair/typebox";
import {
  applyCreate,
  applyPatch,
  applyPut,
  createProperties,
  exampleOf,
  outputOf,
  outputProperties,
  patchProperties,
  updateProperties,
} from "../../../src/api/http/resource.ts";
import { findingsOf } from "../../../src/api/http/schema.ts";
import { IdCodec } from "../../../src/core/id.ts";
import {
  alias,
  atCreation,
  createdAt,
  key,
  type RecordOf,
  required,
  rowNumber,
  setting,
} from "../../../src/core/resources/field.ts";
import {
  duration,
  flag,
  integer,
  list,
  map,
  nullable,
  nullMeans,
  text,
} from "../../../src/core/resources/value-type.ts";

const fields = {
  seq: key("ep_"),
  applicationSeq: rowNumber(),
  uid: setting(nullable(text()), null, { output: "unless null", example: "my-own" }),
  name: required(text({ minLength: 1 }), { example: "Thing" }),
  rate: setting(nullable(integer({ minimum: 1 })), null),
  oldRate: alias("rate", nullable(integer({ minimum: 1 }))),
  waitsMs: setting(nullable(list(duration(60_000))), null, { json: "waits" }),
  metadata: setting(nullMeans({}, map(text())), {}),
  paused: setting(flag(), false),
  graceMs: setting(duration(60_000), 5000, { json: "grace" }),
  headers: atCreation(map(text()), {}, { output: "never" }),
  createdAt,
};

const record: RecordOf<typeof fields> = {
  seq: 1,
  applicationSeq: 2,
  uid: "u",
  name: "n",
  rate: 3,
  waitsMs: [5000],
  metadata: { a: "b" },
  paused: true,
  graceMs: 1000,
  headers: { x: "y" },
  createdAt: Date.UTC(2026, 0, 1),
};
const ids = new IdCodec([1, 2, 3, 4]);

const Create = Type.Object(createProperties(fields));
const Output = Type.Object(outputProperties(fields));

describe("the schemas of a resource", () => {
  test("the body schemas of a resource have the fields that each body accepts, required fields first", () => {
    const settings = ["uid", "rate", "oldRate", "waits", "metadata", "paused", "grace"];
    expect(Object.keys(createProperties(fields))).toEqual(["name", ...settings, "headers"]);
    expect(Object.keys(updateProperties(fields))).toEqual(["name", ...settings]);
    expect(Object.keys(patchProperties(fields))).toEqual(["name", ...settings]);
    expect(Create.required).toEqual(["name"]);
    expect(Type.Object(patchProperties(fields)).required).toBeUndefined();
  });

  test("the output schema of a resource has the fields that a response contains", () => {
    const shown = ["id", "uid", "name", "rate", "oldRate", "waits", "metadata", "paused", "grace", "createdAt"];
    expect(Object.keys(Output.properties)).toEqual(shown);
    expect<readonly string[] | undefined>(Output.required).toEqual(shown.filter((name) => name !== "uid"));
  });

  test("the schemas of a resource document defaults in their JSON form", () => {
    expect(Create.properties.grace.default).toBe("5s");
    expect(Create.properties.paused.default).toBe(false);
    expect("default" in Create.properties.rate).toBe(false);
  });

  test("the schemas of a resource report every invalid field and no valid one", () => {
    const good: Static<typeof Create> = { name: "n", uid: null, rate: 1, waits: ["5s"], metadata: null, headers: {} };
    expect(findingsOf(Create, good, "body")).toEqual([]);
    const bad = { name: "", rate: 0, waits: ["2m", "soon"], paused: null };
    expect(findingsOf(Create, bad, "body").map(({ loc, msg }) => [...loc.slice(1), msg])).toEqual([
      ["name", "Expected string length greater or equal to 1."],
      ["rate", "Expected integer to be greater or equal to 1."],
      ["waits", "[0]", "Must be at most 1m."],
      ["waits", "[1]", "Must be a duration such as 250ms, 5s, 30m, 2h or 5d."],
      ["paused", "Expected boolean, but got null."],
    ]);
  });

  test("the types of a resource are as precise as its field table", () => {
    const output: Static<typeof Output> = outputOf(fields, record, ids);
    // This compiles only if the types are exact.
    const waits: readonly string[] | null = output.waits;
    const uid: string | undefined = output.uid;
    // @ts-expect-error the internal number of a row is not shown
    const hidden = output.applicationSeq;
    expect([waits, uid, hidden]).toEqual([["5s"], "u", undefined]);
  });
});

describe("a record of a resource", () => {
  test("the output of a record contains its id and aliases, and its times and durations as text", () => {
    expect(outputOf(fields, record, ids)).toEqual({
      id: ids.encode("ep_", 1),
      uid: "u",
      name: "n",
      rate: 3,
      oldRate: 3,
      waits: ["5s"],
      metadata: { a: "b" },
      paused: true,
      grace: "1s",
      createdAt: "2026-01-01T00:00:00.000Z",
    });
    expect(outputOf(fields, { ...record, uid: null }, ids)).not.toHaveProperty("uid");
  });

  test("the example of a resource contains each field's default unless the field table gives an example", () => {
    expect(exampleOf(fields)).toEqual({
      id: "ep_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
      uid: "my-own",
      name: "Thing",
      rate: null,
      oldRate: null,
      waits: null,
      metadata: {},
      paused: false,
      grace: "5s",
      createdAt: "2026-01-01T00:00:00.000Z",
    });
  });

  test("a PATCH keeps the fields of a record that are not sent", () => {
    expect(applyPatch(fields, record, {})).toEqual(record);
    const sent = { rate: null, metadata: null, waits: ["2s"], paused: false };
    expect(applyPatch(fields, record, sent)).toEqual({
      ...record,
      rate: null,
      metadata: {},
      waitsMs: [2000],
      paused: false,
    });
  });

  test("a PUT resets omitted fields to defaults but keeps fields that cannot be sent", () => {
    expect(applyPut(fields, record, { name: "m" })).toEqual({
      ...record,
      uid: null,
      name: "m",
      rate: null,
      waitsMs: null,
      metadata: {},
      paused: false,
      graceMs: 5000,
    });
    expect(applyPut(fields, record, { name: "m", uid: "kept" }).uid).toBe("kept");
  });

  test("the alias of a field takes effect unless the field itself is sent", () => {
    expect(applyPatch(fields, record, { oldRate: 7 }).rate).toBe(7);
    expect(applyPatch(fields, record, { oldRate: 7, rate: 8 }).rate).toBe(8);
    expect(applyPatch(fields, record, { oldRate: 7, rate: null }).rate).toBeNull();
  });

  test("a field that can only be set at creation is ignored later", () => {
    const sent = { headers: { a: "b" } };
    expect(applyCreate(fields, record, sent).headers).toEqual({ a: "b" });
    expect(applyPatch(fields, record, sent).headers).toEqual(record.headers);
  });
});
