import type { Housekeeping, UnenforcedRule } from "../../index.ts";
import type { StoreParts } from "../store-parts.ts";
import { clockOffsets } from "./clock-offsets.ts";
import { meta } from "./meta.ts";
import { notices } from "./notices.ts";
import { pruneVerb } from "./prune.ts";
import { sizeVerbs } from "./size.ts";
import { tasks } from "./tasks.ts";

/**
 * `unenforced` lists the rules that stored rows violate. `beforePing` is called when the health of the
 * store is checked.
 */
export function housekeeping(
  parts: StoreParts,
  unenforced: readonly UnenforcedRule[],
  beforePing: () => void,
): Housekeeping {
  const { db, committer, turns, endpointAttempts } = parts;
  return {
    tasks: tasks(db, committer),
    // Only the server asks, and it is the only one.
    leads: async () => true,
    meta: meta(db, committer),
    clockOffsets: clockOffsets(db, committer),
    notices: notices(db, committer, endpointAttempts, turns),
    prune: pruneVerb(db, committer, parts),
    ...sizeVerbs(db, committer.health, beforePing),
    unenforcedRules: async () => unenforced,
  };
}
