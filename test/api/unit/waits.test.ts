import { describe, expect, test } from "bun:test";
import { IngestRate } from "../../../src/api/http/ingest-rate.ts";
import { destinationOut } from "../../../src/api/resources/attempt/fields.ts";
import { IdCodec } from "../../../src/core/id.ts";
import { plainEndpoint } from "../../../src/core/resources/endpoint.ts";
import type { Delivery } from "../../../src/store/index.ts";
import { VirtualClock } from "../../sim/clock.ts";

const HOUR = 3_600_000;

describe("a moved wall clock", () => {
  test.each([-HOUR, HOUR])("moving the wall clock by %d ms does not affect the ingest rate", (byMs) => {
    const clock = new VirtualClock(1_000_000);
    const rate = new IngestRate(1, clock.ofProcess(0));
    const isAccepted = () => {
      try {
        rate.spend("caller", 1);
        return true;
      } catch {
        return false;
      }
    };
    while (isAccepted());
    clock.step(byMs);
    expect(isAccepted()).toBe(false);
    clock.skip(1000);
    expect(isAccepted()).toBe(true);
  });

  test("the time of the next attempt is shown in wall-clock time, although retries follow delivery time", () => {
    const deliverer = { retriesAheadMs: -HOUR };
    const endpoint = plainEndpoint({ seq: 1, applicationSeq: 2, url: "https://a.example/", now: 0 });
    const next = (attemptsTotal: number) => {
      const delivery = { state: "pending", dueAt: 2 * HOUR, attemptsTotal, reason: null } as Delivery;
      return destinationOut(endpoint, delivery, new IdCodec([1, 2, 3, 4]), { expanded: false, deliverer }).nextAttempt;
    };
    expect([next(0), next(1)]).toEqual(["1970-01-01T02:00:00.000Z", "1970-01-01T01:00:00.000Z"]);
  });
});
