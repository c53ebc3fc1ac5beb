import { CommandFailed } from "../../exit-code.ts";
import { ServerRefused } from "../server-client.ts";
import type { ArrivalState, Destination, Origin } from "./servers.ts";

/**
 * Abandons a move: deletes what has been copied to the destination. Returns whether there was anything.
 * Throws if the application has departed for the destination, which then has its only copy.
 */
export async function abandonMove(
  origin: Origin,
  destinationOf: (applicationId: string) => Destination,
): Promise<boolean> {
  const before = await origin.state();
  const destination = destinationOf(before.appId);
  if (before.state === "departed") {
    const { state, hold } = await destination.open(before);
    if (before.url === destination.url || (hold !== null && hold === before.hold)) throw hasDeparted(destination.url);
    return deleted(destination, state, hold);
  }
  // During this hold, no other move can let the application depart. A deleted one cannot depart.
  const own = before.state === "deleted" ? null : await origin.hold(null, false).catch(nullIfImmovable);
  try {
    const { state, hold } = await destination.open(before);
    return await deleted(destination, state, hold);
  } finally {
    // If this fails, the hold ends by itself.
    if (own !== null) await origin.release(own.hold).catch(() => {});
  }
}

/**
 * Returns null if the application cannot be moved, for example because a task is running. It then needs no
 * hold.
 */
function nullIfImmovable(error: unknown): null {
  if (error instanceof ServerRefused && error.code === "move_impossible") return null;
  throw error;
}

async function deleted(destination: Destination, state: ArrivalState["state"], hold: string | null): Promise<boolean> {
  if (state === "arrived")
    throw new CommandFailed(`${destination.url} serves the application, so nothing was deleted.`);
  if (state === "arriving") await destination.abandon(hold);
  return state === "arriving";
}

function hasDeparted(url: string): CommandFailed {
  return new CommandFailed(
    `The application has departed for ${url}, which has its only copy. Run the command without --abandon.`,
  );
}
