import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT_TOKEN, startServer } from "../support/server.ts";
import { clientOfVersion } from "./clients.ts";
import { methodsOf } from "./reflect.ts";
import { TESTED, WITHOUT_OPERATION } from "./table.ts";

const offered = [...new Set([...methodsOf("1.x"), ...methodsOf("2.x")])].sort();
const listed = [...Object.values(TESTED), ...Object.values(WITHOUT_OPERATION)].flat();

describe("the table of the methods of the SDKs", () => {
  test("lists every method that one of them offers, each once, and no other", () => {
    expect(offered.length).toBeGreaterThan(150);
    expect(listed.toSorted()).toEqual(offered);
  });

  test("names walks that are there", () => {
    const missing = Object.keys(TESTED).filter((walk) => !existsSync(join(import.meta.dir, `${walk}.test.ts`)));
    expect(missing).toEqual([]);
  });
});

/** Enough of a body for the SDKs to serialise any. */
const BODY = { events: [] };

const NOTHING_THERE = { code: "not_found", detail: "No such address." };

for (const version of ["1.x", "2.x"] as const) {
  test(`the SDK ${version} finds nothing where the table says that there is nothing, and is told so in its own form`, async () => {
    const server = await startServer();
    try {
      const client = clientOfVersion(version, ROOT_TOKEN, server.url, new Set());
      const absent = Object.values(WITHOUT_OPERATION).flat();
      const methods = methodsOf(version).filter((method) => absent.includes(method) && !method.includes("#"));
      expect(methods.length).toBeGreaterThan(50);
      for (const method of methods) {
        const error = (await called(client, method)) as { code: number; body: object } | undefined;
        const { code, body } = error ?? {};
        // Not merely something that is not found: an address that nothing answers at.
        expect({ method, code, body }).toEqual({ method, code: 404, body: NOTHING_THERE });
      }
    } finally {
      await server.stop();
    }
  });
}

/** What a method fails with when it gets names for all that stands in its path; undefined when it does not. */
async function called(client: object, method: string): Promise<unknown> {
  const path = method.split(".");
  const last = path.pop()!;
  let node = client as Record<string, unknown>;
  for (const name of path) node = node[name] as Record<string, unknown>;
  const call = node[last] as (...args: unknown[]) => Promise<unknown>;
  const names = Array.from({ length: call.length }, (_, i) => (i < pathParameters(call) ? `name-${i}` : BODY));
  return call(...names).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** How many of a method's parameters stand in its path: those that are named as ids. */
function pathParameters(call: (...args: never[]) => unknown): number {
  const parameters = /\(([^)]*)\)/.exec(call.toString())![1]!.split(",");
  return parameters.filter((name) => /(Id|Name)$/.test(name.trim())).length;
}
