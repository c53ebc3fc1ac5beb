import { expect, test } from "bun:test";
import { Signals } from "../../src/core/signal.ts";
import { Directory } from "../../src/store/directory.ts";
import type { Store } from "../../src/store/index.ts";

const payloadVersions = { all: async () => [] };
const feed = { catchUp: () => null };

test("the directory rereads an endpoint when one of its keys has expired", async () => {
  let now = 0;
  let reads = 0;
  const clock = { now: () => now, steady: () => now, soon: () => {}, after: () => () => {} };
  const endpoints = {
    get: async () => ({ seq: 1, applicationSeq: 2, url: "https://a.example/" }),
    secrets: async () => {
      reads++;
      return now < 5
        ? [
            { secret: "", expiresAt: null },
            { secret: "", expiresAt: 5 },
          ]
        : [{ secret: "", expiresAt: null }];
    },
  };
  const directory = new Directory(
    { configuration: { endpoints, payloadVersions }, feed } as unknown as Store,
    clock,
    new Signals(() => {}),
  );
  const first = await directory.endpoint(1);
  now = 4;
  expect([await directory.endpoint(1), reads]).toEqual([first, 1]);
  now = 5;
  const second = await directory.endpoint(1);
  expect([first!.validUntil, second!.validUntil, reads]).toEqual([5, Number.POSITIVE_INFINITY, 2]);
});

test("the directory rereads everything after other processes may have changed something", async () => {
  const clock = { now: () => 0, steady: () => 0, soon: () => {}, after: () => () => {} };
  const signals = new Signals(() => {});
  let url = "https://a.example/";
  const configuration = {
    payloadVersions,
    applications: { find: async () => ({ seq: 2, name: url }) },
    endpoints: {
      active: async () => [],
      get: async () => ({ seq: 1, applicationSeq: 2, url }),
      secrets: async () => [{ secret: "", expiresAt: null }],
    },
  };
  const directory = new Directory({ configuration, feed } as unknown as Store, clock, signals);
  const read = async () => [
    (await directory.endpoint(1))!.endpoint.url,
    (await directory.application(3, { seq: 2 }))!.application.name,
  ];
  expect(await read()).toEqual([url, url]);
  const before = url;
  url = "https://b.example/";
  expect(await read()).toEqual([before, before]);
  signals.send({ type: "store.changed" });
  expect(await read()).toEqual([url, url]);
});
