import type { CommandContext } from "./context.ts";

/** The parts that receiving uses. */
export type ReceiveParts = Pick<CommandContext, "store" | "ids" | "clock" | "facts" | "signals" | "directory"> &
  Pick<CommandContext, "accepter" | "sourceCounter" | "ingestPace" | "refusalLog" | "keys">;
