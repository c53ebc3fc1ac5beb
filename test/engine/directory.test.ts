import { expect, test } from "bun:test";
import { Signals } from "../../src/core/signal.ts";
import { Directory } from "../../src/store/directory.ts";
import type { Store } from "../../src/store/index.ts";

test("the directory reads an endpoint again when one of its keys has expired", async () => {
  let now = 0;
  let reads = 0;
  const clock = { now: () => now, soon: () => {}, after: () => () => {} };
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
  const directory = new Directory({ configuration: { endpoints } } as unknown as Store, clock, new Signals(() => {}));
  const first = await directory.endpoint(1);
  now = 4;
  expect([await directory.endpoint(1), reads]).toEqual([first, 1]);
  now = 5;
  const second = await directory.endpoint(1);
  expect([first!.validUntil, second!.validUntil, reads]).toEqual([5, Number.POSITIVE_INFINITY, 2]);
});
