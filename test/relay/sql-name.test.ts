import { expect, test } from "bun:test";
import { parseColumns, parseTable, quotedName } from "../../src/relay/sql-name.ts";

test("names of tables are parsed as in SQL: with a schema, quotes, and lower case outside of quotes", () => {
  const cases: ReadonlyArray<readonly [text: string, names: string[] | null]> = [
    ["outbox", ["outbox"]],
    ["OutBox", ["outbox"]],
    ["public.outbox_2$", ["public", "outbox_2$"]],
    ['"Out.Box"', ["Out.Box"]],
    ['sales."a ""b"" c"', ["sales", 'a "b" c']],
    ["ausgang_für", ["ausgang_für"]],
    ...["", " outbox", "outbox ", "a.b.c", "a.", ".a", "1a", '"', '""', '"a', "a;b", "a--b", "a\0", '"a\0"'].map(
      (text) => [text, null] as const,
    ),
  ];
  for (const [text, names] of cases) expect({ text, names: parseTable(text) }).toEqual({ text, names });
});

test("columns that are not named keep their names, and there is none for errors", () => {
  expect(parseColumns("")).toEqual({
    ...{ id: "id", app: "app", event_type: "event_type", payload: "payload" },
    ...{ created_at: "created_at", sent_at: "sent_at", error: null },
  });
  expect(parseColumns('id=Key,error="Last, Error=",payload=body')).toMatchObject({
    ...{ id: "key", error: "Last, Error=", payload: "body", app: "app" },
  });
});

test("lists of columns with unknown, repeated or missing names are invalid", () => {
  for (const text of ["id", "id=", "=id", "id=a,", ",id=a", "id=a,id=b", "key=a", "id=a b", "id=a;error=b", "id = a"]) {
    expect({ text, columns: parseColumns(text) }).toEqual({ text, columns: null });
  }
});

test("quotes in names are doubled in SQL", () => {
  expect(quotedName('a"; DROP TABLE b; --')).toBe('"a""; DROP TABLE b; --"');
});
