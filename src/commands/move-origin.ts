import type { Seq } from "../core/id.ts";
import { conflict, Problem } from "../core/problem.ts";
import type {
  Application,
  AuditActor,
  Departure,
  KeysCursor,
  MoveOrigin,
  MovePage,
  PolledCursor,
  Source,
  WaitingCursor,
} from "../store/index.ts";
import { noApplication } from "./applications.ts";
import type { CommandContext } from "./context.ts";
import { newDrop } from "./dead-letters.ts";
import { applicationChanged } from "./publish.ts";

/**
 * The side of a move that an application leaves. A mover (`boathook move-app`) calls both sides:
 *
 *     origin                                        destination
 *     served                                        –
 *       settings, messages that wait,
 *       idempotency keys              ──────────▶   arriving: refused, nothing is sent
 *     held: no attempt starts
 *       attempts under way end
 *     closed: requests get 503
 *       settings, cursors and leases,
 *       waiting deliveries, new keys  ──────────▶   arriving, complete under this hold
 *     departed: requests get 421                    arriving
 *                                                   arrived: served
 *       history                       ──────────▶
 *
 * The origin owns the application until the commit that makes it departed. The destination owns it
 * from the commit that makes it arrived. Between the two nobody does: nothing is sent, and requests are
 * refused. Only departed, arriving and arrived are stored. A crash at any point leaves one of
 *
 * - origin served, destination nothing or arriving: the move begins again; what has arrived is
 *   replaced under the next hold, or is deleted if the move is given up.
 * - origin departed, destination arriving: the move ends with the arrival, for which the destination
 *   must have the hold under which the application departed.
 * - origin departed, destination arrived: only history may be missing, and it continues where it was.
 *
 * Departing requires that the application has not changed since it was closed, which a fingerprint
 * shows. So a request that was under way when the application was closed cannot be lost.
 *
 * A page may arrive late, from a mover that has died. Holds are numbered, and the destination refuses what
 * was read under an earlier hold than the rows that it has.
 */

type Parts = Pick<CommandContext, "store" | "ids" | "seqs" | "signals" | "clock" | "deliverer" | "moveHolds">;

/** Returns the moves of the store. Throws 409 if it does not support them. */
export function movesOf({ store: { moves } }: Pick<CommandContext, "store">) {
  if (moves === undefined)
    throw conflict("Applications cannot be moved to or from a server that uses PostgreSQL.", "move_unsupported");
  return moves;
}

/** Throws if an application can never be moved, or not now. */
async function checkMovable(parts: Parts, application: Application): Promise<void> {
  const { seq } = application;
  await checkNoSource(parts, application);
  const { origin, destination } = movesOf(parts);
  if (destination.arriving.has(seq)) {
    throw conflict("The application is arriving here. First end or give up its move to this server.", "move_arriving");
  }
  const obstacle = await origin.obstacle(seq);
  if (obstacle !== null) throw conflict(obstacle, "move_impossible");
}

/** Throws 409 if an application stands behind a source, which has its URL or queue here. */
export async function checkNoSource(
  { store, ids }: Pick<Parts, "store" | "ids">,
  { sourceSeq }: Pick<Application, "sourceSeq">,
): Promise<void> {
  const source = sourceSeq === null ? null : await store.configuration.sources.get(sourceSeq);
  if (source !== null) throw sourceStays(source, ids);
  if (sourceSeq !== null) throw noApplication();
}

export function sourceStays({ seq, name }: Pick<Source, "seq" | "name">, ids: Parts["ids"]): Problem {
  return conflict(
    `Sources do not move, and neither does the application behind the source ${JSON.stringify(name)} (${ids.encode("src_", seq)}). Create the source at the other server, let its sender use the new URL, and delete it here when nothing waits any more.`,
    "move_source",
  );
}

/** Begins or renews a hold. Returns its id and the number of attempts that are still under way. */
export async function holdApplication(
  parts: Parts,
  application: Application,
  { hold, isClosed }: { readonly hold: string | null; readonly isClosed: boolean },
): Promise<{ readonly hold: string; readonly attemptsUnderWay: number }> {
  const { moveHolds, deliverer, seqs } = parts;
  const { seq } = application;
  await checkMovable(parts, application);
  const id = hold ?? moveHolds.begin(seq, seqs.next());
  if (hold !== null) moveHolds.renew(seq, hold);
  if (isClosed) {
    moveHolds.close(seq, id);
    moveHolds.keepFingerprint(seq, id, await movesOf(parts).origin.fingerprint(seq));
  }
  return { hold: id, attemptsUnderWay: deliverer.attemptsOf(seq) };
}

/** What a mover reads of an application. */
export type PageWanted =
  | { readonly part: "settings" }
  | { readonly part: "polled"; readonly after: PolledCursor | null }
  | { readonly part: "waiting"; readonly after: WaitingCursor | null }
  | { readonly part: "messages"; readonly seqs: readonly Seq[] }
  | { readonly part: "keys"; readonly after: KeysCursor | string | null }
  | { readonly part: "history"; readonly after: Seq };

export interface PageRead {
  readonly page: MovePage;
  /** Null after the last page. */
  readonly next: PolledCursor | WaitingCursor | KeysCursor | Seq | null;
}

export async function readPage(parts: Parts, applicationSeq: Seq, wanted: PageWanted): Promise<PageRead> {
  const { origin } = movesOf(parts);
  switch (wanted.part) {
    case "settings": {
      const number = parts.moveHolds.numberOf(applicationSeq) ?? parts.seqs.next();
      return { page: await origin.settings(applicationSeq, number), next: null };
    }
    case "polled":
      return origin.polled(applicationSeq, wanted.after);
    case "waiting":
      return origin.waiting(applicationSeq, wanted.after, parts.deliverer.retriesAheadMs);
    case "messages":
      return { page: await origin.messages(applicationSeq, wanted.seqs), next: null };
    case "keys":
      return origin.keys(applicationSeq, wanted.after, parts.clock.now());
    case "history":
      return historyPage(origin, applicationSeq, wanted.after);
  }
}

async function historyPage(origin: MoveOrigin, applicationSeq: Seq, after: Seq): Promise<PageRead> {
  const page = await origin.history(applicationSeq, after);
  return { page, next: page.messages.length === 0 ? null : page.last };
}

/**
 * Lets an application go, and starts a task that cancels its dead letters here. Throws 409 if the hold has
 * ended, if the application is not closed, or if it has changed since.
 */
export async function departApplication(
  parts: Parts,
  application: Application,
  { hold, url, startedBy }: { readonly hold: string; readonly url: string; readonly startedBy: AuditActor },
): Promise<Departure> {
  const { clock, deliverer, moveHolds, signals } = parts;
  const { seq: applicationSeq, environmentSeq, uid } = application;
  moveHolds.renew(applicationSeq, hold);
  const fingerprint = moveHolds.fingerprint(applicationSeq, hold);
  const departure = { applicationSeq, environmentSeq, uid, url, hold, departedAt: clock.now() };
  // They are dead letters at the destination then.
  const drop = newDrop(parts, { environmentSeq, applicationSeq }, startedBy);
  const departed = await movesOf(parts).origin.depart(departure, fingerprint, drop);
  if (departed === null) {
    throw conflict("The application has changed since it was closed. Read it again.", "move_changed");
  }
  applicationChanged(parts, application);
  // Its endpoints are deleted here, so their lanes end without an attempt.
  for (const endpointSeq of departed.endpointSeqs)
    signals.send({ type: "endpoint.changed", endpointSeq, applicationSeq });
  moveHolds.end(applicationSeq, hold);
  if (departed.hasDeadLetters) deliverer.startTask(drop);
  return departure;
}

/** Returns the problem 422: a page cannot be read or stored because of what the mover has sent. */
export function invalidPage(detail: string): Problem {
  return new Problem(422, "move_page_invalid", detail);
}
