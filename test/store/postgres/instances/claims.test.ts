import { expect, test } from "bun:test";
import { StoreUnavailable } from "../../../../src/store/index.ts";
import { type ClaimParts, Claims } from "../../../../src/store/postgres/instances/claims.ts";
import { LANE_PARTITIONS } from "../../../../src/store/postgres/instances/lane-partition.ts";
import { NO_WISHES } from "../../wishes.ts";

/** Claims of an instance that has all partitions under the fence 7, and whose statements do not wait. */
function claimsUnderFence7() {
  const instance = { slot: 0, fence: 7, validUntil: 1000, renew: async () => {} };
  const state = {
    /** Called before the read of the lanes of endpoints with consumers. */
    beforePreferred() {},
  };
  const numbersOf = (fence: unknown) => (fence === 7 ? Array.from({ length: LANE_PARTITIONS }, (_, i) => i) : []);
  const queries = {
    first: async (_sql: string, [, fence]: unknown[]) => ({
      partitions: numbersOf(fence),
      share: LANE_PARTITIONS,
      isNew: false,
    }),
    all: async (sql: string, [, fence]: unknown[]) => {
      if (!sql.includes("preferred_lane")) return numbersOf(fence).map((number) => ({ number }));
      state.beforePreferred();
      return [];
    },
    run: async () => 0,
  };
  const claims = new Claims({ queries, instance, publish() {} } as unknown as ClaimParts);
  return { claims, instance, state };
}

test.each([
  ["that serves lanes", NO_WISHES],
  ["that is about to stop", { preferred: [], kept: [4096] }],
])("a process %s gets no claim to partitions that it had under an earlier fence", async (_, wishes) => {
  const { claims, instance, state } = claimsUnderFence7();
  const before = await claims.claim(NO_WISHES);
  expect([before.owns(4096), before.validUntil]).toEqual([true, 1000]);
  state.beforePreferred = () => {
    instance.fence = 8;
  };
  await expect(claims.renew(before, wishes)).rejects.toBeInstanceOf(StoreUnavailable);
  expect(before.validUntil).toBe(0);
  const after = await claims.renew(before, wishes);
  expect([after.owns(4096), after.validUntil]).toEqual([false, 1000]);
});
