import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Api } from "../../src/apply/api.ts";
import { ApplyFailed, apply } from "../../src/apply/apply.ts";
import { exported, yamlOf } from "../../src/apply/export.ts";
import { readConfiguration } from "../../src/apply/wanted.ts";
import { makeEnvironmentApi } from "../support/api-client.ts";
import { clientOf, type Send } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer();
  send = clientOf(server.url);
});
afterAll(() => server.stop());

async function applied(api: Api, file: object, prunes = false) {
  const configuration = await readConfiguration(JSON.stringify(file), "file.json", {});
  return apply(api, configuration, { isDryRun: false, prunes, changed: () => {} });
}

const code = "function handler(webhook) { return webhook; }";
const FILE = {
  eventTypes: [{ name: "a" }, { name: "b", schemas: { "1": { type: "object" } } }],
  payloadVersions: [{ version: "1" }, { version: "2", description: "Second" }],
  applications: [
    {
      ...{ uid: "one", name: "One", metadata: { a: "b" } },
      endpoints: [
        {
          uid: "e1",
          url: "https://hook.example/1",
          eventTypes: ["a"],
          headers: { "X-A": "1" },
          transformation: { code },
        },
        { uid: "e2", url: "https://u:secret@hook.example/2", apiVersion: "1" },
      ],
    },
    { uid: "two", name: "Two", endpoints: [] },
  ],
  sources: [
    {
      ...{ uid: "shop", name: "Shop", type: "stripe", config: { secret: "a-secret" } },
      endpoints: [{ uid: "own", url: "https://hook.example/own" }],
    },
  ],
};

/** What the environment has before: something to change, and something to delete. */
const BEFORE = {
  eventTypes: [{ name: "a", description: "Old" }, { name: "old" }],
  applications: [
    {
      uid: "one",
      name: "Old",
      endpoints: [
        { uid: "e1", url: "https://hook.example/old" },
        { uid: "e9", url: "https://x.example/" },
      ],
    },
    { uid: "old", name: "Old", endpoints: [{ uid: "e", url: "https://x.example/" }] },
  ],
};

/** The connection ends at the write with this number: before the request, or before its response. */
function interrupted(api: Api, at: number, isSent: boolean): Api & { readonly isOver: boolean } {
  let writes = 0;
  const write = async (request: () => Promise<unknown>) => {
    const number = writes++;
    if (number < at) return request();
    if (number === at && isSent) await request();
    throw new Error("The connection was closed.");
  };
  return {
    get: (path) => api.get(path),
    post: (path, body) => write(() => api.post(path, body)),
    patch: (path, body) => write(() => api.patch(path, body)),
    delete: (path) => write(() => api.delete(path)),
    get isOver() {
      return writes > at;
    },
  };
}

describe("apply", () => {
  test("a run of apply that is interrupted at any request is completed by the next run", async () => {
    const model = await makeEnvironmentApi(send);
    await applied(model, BEFORE);
    await applied(model, FILE, true);
    const expected = yamlOf((await exported(model, false)).file);
    let interruptions = 0;
    for (const isSent of [false, true]) {
      for (let at = 0; ; at++) {
        const api = await makeEnvironmentApi(send);
        await applied(api, BEFORE);
        const cut = interrupted(api, at, isSent);
        const failure = await applied(cut, FILE, true).then(
          () => null,
          (error) => error,
        );
        if (!cut.isOver) break;
        interruptions++;
        expect(failure).toBeInstanceOf(ApplyFailed);
        await applied(api, FILE, true);
        expect(yamlOf((await exported(api, false)).file)).toBe(expected);
        expect((await applied(api, FILE, true)).changes).toEqual([]);
      }
    }
    // 7 creations, 2 updates with 4 requests, and 3 deletions.
    expect(interruptions).toBe(2 * 14);
  }, 120_000);

  test("after concurrent runs of apply with the same file, another run changes nothing", async () => {
    const api = await makeEnvironmentApi(send);
    await applied(api, BEFORE);
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => applied(api, FILE, true)));
    for (const one of results) if (one.status === "rejected") expect(one.reason).toBeInstanceOf(ApplyFailed);
    await applied(api, FILE, true);
    expect((await applied(api, FILE, true)).changes).toEqual([]);
  }, 60_000);

  test("apply reads a page per request, or a thing per request if the file is small", async () => {
    const api = await makeEnvironmentApi(send);
    const applications = Array.from({ length: 120 }, (_, i) => ({
      ...{ uid: `app-${i}`, name: `App ${i}` },
      endpoints: Array.from({ length: 5 }, (_, k) => ({ uid: `e${k}`, url: `https://hook.example/${i}/${k}` })),
    }));
    await applied(api, { applications });
    const requestsOf = async (work: () => Promise<unknown>) => {
      const before = api.requests;
      await work();
      return api.requests - before;
    };
    const { summary } = await applied(api, { applications });
    expect(summary).toEqual({ created: 0, updated: 0, deleted: 0, unchanged: 720 });
    // One page of applications and three pages of endpoints.
    expect(await requestsOf(() => applied(api, { applications }))).toBe(4);
    // One application, its endpoints, and the change.
    const [first] = applications;
    expect(await requestsOf(() => applied(api, { applications: [{ ...first, name: "New" }] }))).toBe(3);
    // A page of each other kind as well.
    expect(await requestsOf(() => exported(api, false))).toBe(7);
  }, 60_000);

  test("new endpoints are not pinned to payload versions that the same run deletes", async () => {
    const versionOf = async (api: Api) =>
      ((await api.get("/api/v1/app/a/endpoint/e")) as { readonly apiVersion: unknown }).apiVersion;
    const applications = [{ uid: "a", name: "A", endpoints: [{ uid: "e", url: "https://hook.example/" }] }];
    for (const [kept, expected] of [
      [[], null],
      [["1"], "1"],
      [["1", "3"], "3"],
    ] as const) {
      const api = await makeEnvironmentApi(send);
      await applied(api, { payloadVersions: [{ version: "1" }, { version: "2" }] });
      await applied(api, { payloadVersions: kept.map((version) => ({ version })), applications }, true);
      expect(await versionOf(api)).toBe(expected);
    }
  });

  test("an endpoint without a payload version is created before the first version", async () => {
    const api = await makeEnvironmentApi(send);
    const endpoints = [
      { uid: "old", url: "https://hook.example/", apiVersion: null },
      { uid: "new", url: "https://hook.example/" },
    ];
    const file = { payloadVersions: [{ version: "1" }], applications: [{ uid: "a", name: "A", endpoints }] };
    await applied(api, file);
    const versions = ((await api.get("/api/v1/app/a/endpoint")) as { data: { uid: string; apiVersion: unknown }[] })
      .data;
    expect(Object.fromEntries(versions.map(({ uid, apiVersion }) => [uid, apiVersion]))).toEqual({
      old: null,
      new: "1",
    });
    expect((await applied(api, file)).changes).toEqual([]);
    const more = { ...endpoints[0], uid: "more" };
    expect(applied(api, { applications: [{ uid: "a", endpoints: [more] }] })).rejects.toThrow(
      "Null is the form before the first payload version, which the new endpoint more cannot have.",
    );
    const back = { uid: "new", apiVersion: null };
    expect(applied(api, { applications: [{ uid: "a", endpoints: [back] }] })).rejects.toThrow("It is pinned to 1.");
  });
});
