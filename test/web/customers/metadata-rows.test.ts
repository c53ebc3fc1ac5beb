import { expect, test } from "bun:test";
import { metadataOf, rowsOf, rowsProblem } from "../../../web/admin/customers/metadata-rows.tsx";

test("rows and metadata are converted into each other, whatever the names are", () => {
  const metadata = JSON.parse('{"__proto__":"a","b":"","constructor":"c"}');
  expect(JSON.stringify(metadataOf(rowsOf(metadata)))).toBe(JSON.stringify(metadata));
});

test("empty rows are skipped, and spaces around names are removed", () => {
  const rows = [
    { name: " plan ", value: " pro " },
    { name: " ", value: "" },
  ];
  expect(metadataOf(rows)).toEqual({ plan: " pro " });
  expect(rowsProblem(rows)).toBeNull();
});

test("a value without a name and a repeated name are problems", () => {
  expect(rowsProblem([{ name: "", value: "x" }])).toBe("Each value needs a name.");
  const twice = [
    { name: "plan", value: "a" },
    { name: "plan ", value: "b" },
  ];
  expect(rowsProblem(twice)).toBe("The name plan is used twice.");
});
