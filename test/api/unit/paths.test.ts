import { expect, test } from "bun:test";
import { pathsOf } from "../../../src/api/http/paths.ts";

const paths = pathsOf([
  { method: "GET", path: "/app/:id" },
  { method: "PUT", path: "/app/:id" },
  { method: "POST", path: "/app" },
  { method: "GET", path: "/docs.json" },
  { method: "GET", path: "/" },
]);

const known: [string, string[]][] = [
  ["http://host/app/1", ["GET", "PUT"]],
  ["http://host/app/1/", ["GET", "PUT"]],
  ["http://host/app/1?a=/b", ["GET", "PUT"]],
  ["http://host/app", ["POST"]],
  ["http://host/app/1/2", []],
  ["http://host/docs.json", ["GET"]],
  ["http://host/docsxjson", []],
  ["http://host/", ["GET"]],
  ["http://host", ["GET"]],
];

for (const [url, methods] of known) {
  test(`the methods of ${url} are ${methods.join(", ") || "none"}`, () => {
    expect(paths.methodsAt(url)).toEqual(methods);
  });
}
