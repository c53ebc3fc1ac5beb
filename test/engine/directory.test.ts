import { expect, test } from "bun:test";
import { Signals } from "../../src/core/signal.ts";
import { Directory } from "../../src/store/directory.ts";
import type { Store } from "../../src/store/index.ts";

const clock = { now: () => 0, soon: () => {}, after: () => () => {} };

test("the directory knows how an endpoint has fared since it was read", async () => {
  const known = { seq: 1, applicationSeq: 2, url: "https://a.example/", failingSince: null };
  const endpoints = { get: async () => known, secrets: async () => [{ secret: "", expiresAt: null }] };
  const directory = new Directory({ configuration: { endpoints } } as unknown as Store, clock, new Signals(() => {}));
  directory.healthChanged(1, 5);
  const read = await directory.endpoint(1);
  directory.healthChanged(1, 7);
  const later = await directory.endpoint(1);
  expect([read!.endpoint.failingSince, later!.endpoint.failingSince]).toEqual([null, 7]);
});
