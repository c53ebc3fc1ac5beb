import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Svix } from "svix";
import { Svix as Svix1 } from "svix1";
import { ROOT_TOKEN, startServer } from "../support/server.ts";
import { methodsOf } from "./reflect.ts";
import { TESTED, WITHOUT_OPERATION } from "./table.ts";

const offered = [...new Set([...methodsOf("1.x"), ...methodsOf("2.x")])].sort();
const listed = [...Object.values(TESTED), ...Object.values(WITHOUT_OPERATION)].flat();

describe("the table of the methods of the SDKs", () => {
  test("the table lists exactly the methods of both SDK versions, each once", () => {
    expect(offered.length).toBeGreaterThan(150);
    expect(listed.toSorted()).toEqual(offered);
  });

  test("every suite in the table has a test file", () => {
    const missing = Object.keys(TESTED).filter((suite) => !existsSync(join(import.meta.dir, `${suite}.test.ts`)));
    expect(missing).toEqual([]);
  });
});

/** A body that every method of the SDKs can serialize. */
const BODY = { events: [] };

const NOTHING_THERE = { code: "not_found", detail: "No such route. See /docs." };

for (const version of ["1.x", "2.x"] as const) {
  test(`every method of the SDK ${version} that is not offered fails with a 404 for an unknown path`, async () => {
    const server = await startServer();
    try {
      const options = { serverUrl: server.url };
      const client = version === "1.x" ? new Svix1(ROOT_TOKEN, options) : new Svix(ROOT_TOKEN, options);
      const absent = Object.values(WITHOUT_OPERATION).flat();
      const methods = methodsOf(version).filter((method) => absent.includes(method) && !method.includes("#"));
      expect(methods.length).toBeGreaterThan(30);
      for (const method of methods) {
        const error = (await errorOf(client, method)) as { code: number; body: object } | undefined;
        const { code, body } = error ?? {};
        // The body distinguishes an unknown path from a resource that was not found.
        expect({ method, code, body }).toEqual({ method, code: 404, body: NOTHING_THERE });
      }
    } finally {
      await server.stop();
    }
  });
}

/**
 * Calls a method with made-up names as path parameters. Returns its error, or undefined if it
 * succeeds.
 */
async function errorOf(client: object, method: string): Promise<unknown> {
  const path = method.split(".");
  const last = path.pop()!;
  let node = client as Record<string, unknown>;
  for (const name of path) node = node[name] as Record<string, unknown>;
  const call = node[last] as (...args: unknown[]) => Promise<unknown>;
  const names = Array.from({ length: call.length }, (_, i) => (i < pathParameters(call) ? `name-${i}` : BODY));
  return call.apply(node, names).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Returns how many parameters of a method are path parameters, judging by their names. */
function pathParameters(call: (...args: never[]) => unknown): number {
  const parameters = /\(([^)]*)\)/.exec(call.toString())![1]!.split(",");
  return parameters.filter((name) => /(Id|Name)$/.test(name.trim())).length;
}
