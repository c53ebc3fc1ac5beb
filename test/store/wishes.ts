import type { LaneWishes } from "../../src/store/index.ts";

/** A process that serves any lanes. */
export const NO_WISHES: LaneWishes = { preferred: [], kept: null };
