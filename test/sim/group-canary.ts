import type { History } from "../../src/store/index.ts";
import type { Canary } from "./canary.ts";
import { HOUR_MS } from "./scene.ts";

type Groups = History["groups"];

/** Returns the leases of groups with a planted fault. */
export function groupsWith(canary: Canary | null, groups: Groups): Groups {
  switch (canary) {
    case "ended-lease":
      // A lease ends an hour before its time.
      return { ...groups, lease: (key, options) => groups.lease(key, { ...options, now: options.now + HOUR_MS }) };
    case "forgotten-acknowledgement":
      // An acknowledgement has no effect.
      return { ...groups, ack: async () => [] };
    case "skipped-message":
      // The last message of a lease counts as processed, but no worker gets it.
      return {
        ...groups,
        lease: async (key, options) => {
          const leases = await groups.lease(key, options);
          if (leases === "full" || leases.length < 2) return leases;
          await groups.ack(key, leases.slice(-1), options.now);
          return leases.slice(0, -1);
        },
      };
    default:
      return groups;
  }
}
