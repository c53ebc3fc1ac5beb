import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ApiException, Svix } from "svix";
import { ApiException as ApiException1, Svix as Svix1 } from "svix1";
import { freshUid } from "../support/client.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";
import { methodsOf, type Version } from "./reflect.ts";
import { type SuiteName, TESTED } from "./table.ts";

/** One version of the SDK and the server that it calls. */
export interface Sdk {
  readonly version: Version;
  readonly server: TestServer;
  /**
   * Returns a client with the types of 2.x. Methods that are called successfully count as tested.
   */
  client(token?: string): Svix;
  /** Returns a client with the types of 1.x, for the methods that only that version has. */
  client1(token?: string): Svix1;
  /** Creates an empty environment and returns a token for it. */
  freshEnvironment(): Promise<string>;
  /** Expects that `work` rejects with the SDK's exception with this status. Returns its body. */
  refused(status: number, work: Promise<unknown>): Promise<Refusal>;
}

/** The body of an error, which has one of two forms. */
export interface Refusal {
  readonly code?: string;
  readonly detail: string | readonly { readonly loc: string[]; readonly msg: string; readonly type: string }[];
}

/**
 * Runs a suite with both versions of the SDK against one server. Then checks that every method that
 * the table lists for the suite has been called successfully.
 */
export function sdkSuite(
  name: SuiteName,
  tests: (sdk: Sdk) => void,
  serve: () => Promise<TestServer> = withoutRetries,
): void {
  let server: TestServer;
  beforeAll(async () => {
    server = await serve();
  });
  afterAll(() => server.stop());

  for (const version of ["2.x", "1.x"] as const) {
    describe(`the SDK ${version}`, () => {
      const called = new Set<string>();
      const client = (token = ROOT_TOKEN) => clientOfVersion(version, token, server.url, called);
      tests({
        version,
        get server() {
          return server;
        },
        client: (token) => client(token) as Svix,
        client1: (token) => client(token) as Svix1,
        freshEnvironment: () => server.createToken("--environment", freshUid("environment")),
        refused: (status, work) => refused(version, status, work),
      });

      test(`the suite ${name} has called every method that the table lists for it`, () => {
        const listed: readonly string[] = TESTED[name];
        const overWire = methodsOf(version).filter((method) => listed.includes(method) && !method.includes("#"));
        expect(overWire.filter((method) => !called.has(method))).toEqual([]);
      });
    });
  }
}

const withoutRetries = () => startServer(["--retry-schedule="]);

/** Returns a client that records every successful call in `called`, as `resource.method`. */
export function clientOfVersion(version: Version, token: string, serverUrl: string, called: Set<string>): Svix | Svix1 {
  const client = version === "2.x" ? new Svix(token, { serverUrl }) : new Svix1(token, { serverUrl });
  return recording(client, "", called);
}

function recording<T extends object>(node: T, path: string, called: Set<string>): T {
  return new Proxy(node, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof name === "symbol" || value === null) return value;
      if (typeof value === "object") return recording(value, `${path}${name}.`, called);
      if (typeof value !== "function") return value;
      // A proxy keeps the `length` of the method.
      return new Proxy(value, {
        async apply(method, _, args) {
          const result: unknown = await Reflect.apply(method, target, args);
          called.add(path + name);
          return result;
        },
      });
    },
  });
}

async function refused(version: Version, status: number, work: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  const Exception = version === "2.x" ? ApiException : ApiException1;
  expect(error).toBeInstanceOf(Exception);
  const { code, body } = error as ApiException<Refusal>;
  expect({ code, body }).toEqual({ code: status, body: expect.objectContaining({ detail: expect.anything() }) });
  return body;
}

interface Page<T> {
  readonly data: readonly T[];
  readonly iterator: string | null;
  readonly done: boolean;
}

/** Follows the iterators of a list to its end and returns the pages. */
export async function pagesOf<T>(page: (iterator: string | null) => Promise<Page<T>>): Promise<(readonly T[])[]> {
  const pages: (readonly T[])[] = [];
  for (let iterator: string | null = null; ; ) {
    const { data, iterator: next, done } = await page(iterator);
    pages.push(data);
    if (done) return pages;
    expect(next).toBeString();
    expect(next).not.toBe(iterator);
    iterator = next;
  }
}
