import { CommandFailed } from "../../exit-code.ts";
import { printable } from "../printable.ts";
import { ServerRefused } from "../server-client.ts";
import { Copy } from "./copy.ts";
import type { ArrivalState, Destination, Origin, OriginState } from "./servers.ts";

/** Interval at which the attempts under way are counted, in ms. */
const ATTEMPTS_POLL_MS = 20;
/** Maximum number of times that a move closes the application: again whenever it has changed since. */
const CLOSINGS_MAX = 5;

export interface MoveOptions {
  readonly withHistory: boolean;
  /** How long to wait for attempts under way, in ms. */
  readonly attemptsMs: number;
  /** A clock that passes evenly, in ms. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface MoveResult {
  readonly appId: string;
  /** Whether an earlier, interrupted move had departed already. */
  readonly wasDeparted: boolean;
  readonly deliveries: number;
  readonly messagesOfHistory: number | null;
  /** Time during which no attempt started, in ms; null if this call did not hold the application. */
  readonly heldMs: number | null;
  /** Time during which requests were refused, in ms. */
  readonly closedMs: number | null;
}

/**
 * Moves an application. May be called again after a failure at any point. The states of both sides are
 * described in `commands/move-origin.ts`.
 */
export async function moveApplication(
  origin: Origin,
  destinationOf: (applicationId: string) => Destination,
  options: MoveOptions,
): Promise<MoveResult> {
  const state = await origin.state();
  const destination = destinationOf(state.appId);
  if (state.state === "deleted") {
    throw new CommandFailed(
      `The application ${state.appId} was deleted. If an earlier move of it has not ended, run the command with --abandon.`,
    );
  }
  if (state.state === "arriving") {
    throw new CommandFailed(
      `The application is arriving at ${origin.url}: an earlier move to that server has not ended. End that move, or give it up with --abandon.`,
    );
  }
  if (state.state === "departed" && state.url !== destination.url) {
    throw new CommandFailed(`The application has already moved to ${printable(state.url ?? "")}.`);
  }
  const arrival = await destination.open(state);
  const handed =
    state.state === "served"
      ? await handOver(origin, destination, arrival, options)
      : await finish(destination, arrival, state);
  const messagesOfHistory = options.withHistory ? await copyHistory(origin, destination) : null;
  return { appId: state.appId, ...handed, messagesOfHistory };
}

type Handed = Pick<MoveResult, "wasDeparted" | "deliveries" | "heldMs" | "closedMs">;

/** Ends a move that was interrupted after the application had departed. */
async function finish(destination: Destination, { state, hold }: ArrivalState, origin: OriginState): Promise<Handed> {
  if (state === "absent" || (state === "arriving" && hold !== origin.hold)) {
    throw new CommandFailed(
      `The application has departed for ${destination.url}, but that server does not have it. Was its data replaced? Restore it.`,
    );
  }
  if (state === "arriving") await destination.arrive(origin.hold!);
  return { wasDeparted: true, deliveries: 0, heldMs: null, closedMs: null };
}

async function handOver(
  origin: Origin,
  destination: Destination,
  { state, publicKey }: ArrivalState,
  options: MoveOptions,
): Promise<Handed> {
  if (state === "arrived") {
    throw new CommandFailed(
      `The application is served at ${destination.url} already. If that is another name of the same server, set --to to another one. Otherwise one of the servers was probably restored from a backup.`,
    );
  }
  const { now } = options;
  const copy = new Copy(origin, destination, publicKey);
  // Most messages cross while the application is still served.
  await copy.settings(null);
  await copy.polled(null);
  await copy.waiting(null);
  await copy.keys(null);
  // Copies the keys of requests that came during the first pass, which may have taken long.
  await copy.keys(null);
  const heldAt = now();
  const { hold } = await origin.hold(null, false);
  try {
    await attemptsEnd(origin, hold, options);
    const closedAt = now();
    const deliveries = await departClosed(origin, destination, copy, hold);
    await destination.arrive(hold);
    const endedAt = now();
    return { wasDeparted: false, deliveries, heldMs: endedAt - heldAt, closedMs: endedAt - closedAt };
  } catch (error) {
    // The hold has no effect after the departure, and ends by itself.
    await origin.release(hold).catch(() => {});
    throw error;
  }
}

async function attemptsEnd(origin: Origin, hold: string, { attemptsMs, now, sleep }: MoveOptions): Promise<void> {
  const giveUpAt = now() + attemptsMs;
  for (;;) {
    const { attemptsUnderWay } = await origin.hold(hold, false);
    if (attemptsUnderWay === 0) return;
    if (now() > giveUpAt) {
      throw new CommandFailed(`${attemptsUnderWay} attempts are still under way. Try again, or set --wait.`);
    }
    await sleep(ATTEMPTS_POLL_MS);
  }
}

/** Closes the application, copies what has changed, and lets it go. Returns the number of waiting deliveries. */
async function departClosed(origin: Origin, destination: Destination, copy: Copy, hold: string): Promise<number> {
  for (let closings = 1; ; closings++) {
    await origin.hold(hold, true);
    await copy.settings(hold);
    await copy.polled(hold);
    const deliveries = await copy.waiting(hold);
    await copy.keys(hold);
    try {
      await origin.depart(hold, destination.url);
      return deliveries;
    } catch (error) {
      const isChanged = error instanceof ServerRefused && error.code === "move_changed";
      if (!isChanged || closings === CLOSINGS_MAX) throw error;
    }
  }
}

/** Copies the history after the application has arrived. Continues where an earlier call stopped. */
async function copyHistory(origin: Origin, destination: Destination): Promise<number> {
  const { publicKey, historyTo } = await destination.open(await origin.state());
  let count = 0;
  for (let after: string | null = historyTo; after !== null; ) {
    const page = await origin.page(publicKey, "history", { after });
    if (page.count > 0) await destination.store(page);
    count += page.count;
    after = page.next;
  }
  return count;
}
