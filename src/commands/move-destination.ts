import type { Seq } from "../core/id.ts";
import { conflict } from "../core/problem.ts";
import type { Arrival, MoveDestination, MovePage, PageStored } from "../store/index.ts";
import { CLOCKS_DIFFER_MAX_MS, type EarlierHold } from "../store/moves.ts";
import { applicationDeleted } from "./applications.ts";
import type { CommandContext } from "./context.ts";
import { invalidPage, movesOf } from "./move-origin.ts";
import { applicationChanged } from "./publish.ts";

/** The code of the problem that a page of keys does not continue those that are stored here. */
const KEYS_BEHIND = "move_keys_behind";

type Parts = Pick<CommandContext, "store" | "ids" | "signals" | "facts" | "clock" | "deliverer">;

/** What the origin says about itself and the application. */
export interface MoveProposal {
  readonly uid: string | null;
  readonly schemaVersion: number;
  /** The time at the origin. */
  readonly now: number;
}

/**
 * Returns how far the application with this id at the origin has arrived; null if nothing has. Throws
 * 409 if it cannot be moved here.
 */
export async function findArrival(
  parts: Parts,
  environmentSeq: Seq,
  applicationId: string,
  { uid, schemaVersion, now }: MoveProposal,
): Promise<Arrival | null> {
  const { schemaVersion: own } = movesOf(parts);
  if (schemaVersion !== own) {
    throw conflict(
      `The servers have different versions (schema ${schemaVersion} at the origin, ${own} here). Upgrade both to the same version.`,
      "move_version",
    );
  }
  if (Math.abs(now - parts.clock.now()) > CLOCKS_DIFFER_MAX_MS) {
    throw conflict("The clocks of the servers differ by more than a minute. Synchronise them (NTP).", "move_clock");
  }
  const arrival = await currentArrival(parts, applicationId);
  const { applications } = parts.store.configuration;
  // Another installation's ids are unknown here. An application of this server would otherwise be moved onto itself.
  const seq = parts.ids.decode("app_", applicationId);
  const present = seq === null ? null : await applications.get(seq);
  if (present !== null && present.seq !== arrival?.applicationSeq) {
    throw conflict("The application is already on this server. Set --to to another one.", "move_same_server");
  }
  const named = uid === null ? null : await applications.find(environmentSeq, { uid });
  if (named !== null && named.seq !== arrival?.applicationSeq) throw uidTaken(parts, named.seq);
  return arrival;
}

/** Returns the arrival of an application, unless the application has left again or was deleted. */
async function currentArrival({ store }: Parts, applicationId: string): Promise<Arrival | null> {
  const arrival = (await store.moves?.destination.arrival(applicationId)) ?? null;
  if (arrival === null) return null;
  return (await store.configuration.applications.get(arrival.applicationSeq)) === null ? null : arrival;
}

/**
 * Stores a page. What waits is stored only with the hold under which it was read. Throws
 * 409 if the application is served here already, except for its history, or if a later hold has begun.
 */
export async function storePage(
  parts: Parts,
  environmentSeq: Seq,
  applicationId: string,
  { page, hold }: { readonly page: MovePage; readonly hold: string | null },
): Promise<PageStored> {
  const { destination } = movesOf(parts);
  const arrival = await currentArrival(parts, applicationId);
  if (page.part === "settings") {
    if (arrival?.arrivedAt != null) throw hasArrived();
    const stored = await destination.storeSettings(environmentSeq, page, hold);
    if (stored === "taken") throw uidTaken(parts);
    if (stored === "earlier-hold") throw holdEnded();
    if ("obstacle" in stored) throw conflict(stored.obstacle, "move_versions");
    return { missing: [] };
  }
  if (arrival === null) throw conflict("The settings of the application have not arrived.", "move_unknown");
  const { applicationSeq, arrivedAt } = arrival;
  if (page.part === "history") {
    if (arrivedAt === null) throw conflict("History comes after the application has arrived.", "move_open");
    await destination.storeHistory(applicationSeq, page);
    return { missing: [] };
  }
  if (arrivedAt !== null) throw hasArrived();
  const now = { now: parts.clock.now(), aheadMs: parts.deliverer.retriesAheadMs };
  const stored = await storeUnarrived(destination, applicationSeq, { page, hold }, now);
  // Another mover may have ended the move meanwhile.
  if (stored === null) throw hasArrived();
  if (stored === "earlier-hold") throw holdEnded();
  if (stored === "behind") throw conflict("The keys must be read from the beginning.", KEYS_BEHIND);
  return stored;
}

function storeUnarrived(
  destination: MoveDestination,
  applicationSeq: Seq,
  { page, hold }: { readonly page: MovePage; readonly hold: string | null },
  { now, aheadMs }: { readonly now: number; readonly aheadMs: number },
): Promise<PageStored | EarlierHold | "behind" | null> {
  switch (page.part) {
    case "polled":
      return destination.storePolled(applicationSeq, page, hold);
    case "waiting":
      return destination.storeWaiting(applicationSeq, page, hold, aheadMs);
    case "messages":
      return destination.storeMessages(applicationSeq, page);
    case "keys":
      return destination.storeKeys(applicationSeq, page, now);
    default:
      throw invalidPage("The page has an unknown part.");
  }
}

/**
 * Serves an application from now on. `hold` is the hold under which it departed. May be repeated.
 * Throws 409 if the deliveries that were stored here were read under another hold.
 */
export async function arriveApplication(parts: Parts, applicationId: string, hold: string): Promise<void> {
  const { store, signals, facts, clock } = parts;
  const arrival = await currentArrival(parts, applicationId);
  if (arrival === null) throw conflict("The settings of the application have not arrived.", "move_unknown");
  const { applicationSeq } = arrival;
  const arrived = await movesOf(parts).destination.arrive(applicationSeq, hold, clock.now());
  if (arrived === null) throw conflict("The deliveries here were read under another hold.", "move_hold_ended");
  const { lanes, pending, dead } = arrived;
  const application = await store.configuration.applications.get(applicationSeq);
  if (application !== null) {
    const { environmentSeq } = application;
    applicationChanged(parts, application);
    facts.state({ type: "application.arrived", environmentSeq, applicationSeq, pending, dead });
  }
  signals.send({ type: "tokens.changed", environmentSeq: null });
  for (const { endpointSeq, position } of lanes) {
    signals.send({ type: "endpoint.changed", endpointSeq, applicationSeq });
    if (position !== null) signals.send({ type: "lane.filled", endpointSeq, position });
  }
}

/**
 * Deletes what has arrived of an application whose move was given up. `hold` is the hold under which its
 * deliveries were read. Does nothing if nothing has arrived. Throws 409 if the application is served here,
 * or if another move has continued.
 */
export async function abandonArrival(parts: Parts, applicationId: string, hold: string | null): Promise<void> {
  const { store, clock } = parts;
  const arrival = await currentArrival(parts, applicationId);
  if (arrival === null) return;
  if (arrival.arrivedAt !== null) throw hasArrived();
  const { applicationSeq } = arrival;
  const application = await store.configuration.applications.get(applicationSeq);
  const endpoints = await movesOf(parts).destination.abandon(applicationSeq, hold, clock.now());
  if (endpoints === null) throw conflict("Another move of the application has continued.", "move_held");
  if (application !== null) await applicationDeleted(parts, application, endpoints);
}

/** `seq` is the number of the application with the uid, if it is known. */
function uidTaken({ store, ids }: Pick<Parts, "store" | "ids">, seq: Seq | null = null) {
  const isArriving = seq !== null && store.moves?.destination.arriving.has(seq);
  const detail = isArriving
    ? `The application ${ids.encode("app_", seq)} has the uid of this one, and its move to this server has not ended. End that move, or give it up with --abandon.`
    : "Another application here has the uid of this one. Change one of them.";
  return conflict(detail, "move_uid_taken");
}

function holdEnded() {
  const detail =
    "Another move of the application has continued. Begin the move again. If that fails too, because the clock of the origin was set back, first give it up with --abandon.";
  return conflict(detail, "move_hold_ended");
}

function hasArrived() {
  return conflict("The application is served here already.", "move_arrived");
}
