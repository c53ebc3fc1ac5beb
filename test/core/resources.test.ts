import { describe, expect, test } from "bun:test";
import { applicationFields } from "../../src/core/resources/application.ts";
import { endpointFields } from "../../src/core/resources/endpoint.ts";
import { environmentFields } from "../../src/core/resources/environment.ts";
import { eventTypeFields } from "../../src/core/resources/event-type.ts";
import type { Fields } from "../../src/core/resources/field.ts";
import { tokenFields } from "../../src/core/resources/token.ts";

const tables: Readonly<Record<string, Fields>> = {
  application: applicationFields,
  endpoint: endpointFields,
  environment: environmentFields,
  "event type": eventTypeFields,
  token: tokenFields,
};

describe.each(Object.entries(tables))("the table of fields of the resource %s", (resource, fields) => {
  test(`every alias of the resource ${resource} refers to a stored field`, () => {
    const aliases = Object.values(fields).flatMap(({ aliasOf }) => aliasOf ?? []);
    expect(aliases.filter((name) => !fields[name]?.traits.stored)).toEqual([]);
  });

  test(`no two fields of the resource ${resource} have the same JSON name`, () => {
    const names = Object.entries(fields).map(([name, { traits }]) => traits.json ?? name);
    expect(new Set(names).size).toBe(names.length);
  });

  test(`every field that clients may send for the resource ${resource} can be parsed`, () => {
    const sent = Object.entries(fields).filter(([, { traits }]) => traits.create !== "no");
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.filter(([, { type }]) => !("parse" in type)).map(([name]) => name)).toEqual([]);
  });
});
