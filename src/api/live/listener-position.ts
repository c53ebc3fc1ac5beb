/** Where a listener begins, and what it skips if it is too far behind. */
import { type IdCodec, type Seq, seqBefore } from "../../core/id.ts";
import { LISTENER_BEHIND_MAX, type ReplayChoice } from "../../core/listener.ts";
import { notFound } from "../../core/problem.ts";
import type { MessageFilter, Store } from "../../store/index.ts";

/** Number of messages in one read of a search. */
const SCAN_ROWS = 250;
/** Number of messages after which the skipped ones are no longer counted. */
const COUNTED_MAX = 100_000;

/** The messages that a listener gets. */
export interface Followed {
  readonly applicationSeq: Seq;
  readonly filter: MessageFilter;
}

/** Where a listener begins: with single messages, then with those after `cursor`. */
export interface Beginning {
  readonly singles: readonly Seq[];
  readonly cursor: Seq;
  /** The last message that the listener has requested with a count or a time, or 0. Messages up to it are never skipped. */
  readonly requestedUntil: Seq;
}

/** Where an earlier connection of a listener has ended. */
export interface Earlier {
  readonly after: Seq;
  /** Like that of `Beginning`. */
  readonly requestedUntil: Seq;
}

/**
 * Returns where a listener begins: where its earlier connection has ended, with a replay, or with the
 * next message. Throws 404 for a single message that the application does not have.
 */
export async function beginning(
  store: Store,
  ids: IdCodec,
  { applicationSeq, filter }: Followed,
  { earlier, replay }: { readonly earlier: Earlier | null; readonly replay: ReplayChoice | null },
): Promise<Beginning> {
  const singles: Seq[] = [];
  for (const id of replay?.kind === "messages" ? replay.ids : []) {
    const seq = ids.decode("msg_", id);
    const known = seq === null ? null : await store.history.messages.known(applicationSeq, { seq });
    if (known !== null) singles.push(known.seq);
    // A message may have been deleted since the first connection.
    else if (earlier === null) throw notFound("Message not found");
  }
  if (earlier !== null) return { singles, cursor: earlier.after, requestedUntil: earlier.requestedUntil };
  const newest = (await newestOf(store, { applicationSeq, filter: {} }, 1))[0] ?? 0;
  const nextMessage = { singles, cursor: newest, requestedUntil: 0 };
  const storedFrom = (cursor: Seq) => ({ singles, cursor: Math.min(cursor, newest), requestedUntil: newest });
  if (replay?.kind === "since") return storedFrom(seqBefore(replay.at));
  if (replay?.kind === "last") {
    const first = (await newestOf(store, { applicationSeq, filter }, replay.count)).at(-1);
    return first === undefined ? nextMessage : storedFrom(first - 1);
  }
  return nextMessage;
}

/** Returns the numbers of at most `count` newest messages, newest first. */
async function newestOf(store: Store, { applicationSeq, filter }: Followed, count: number): Promise<Seq[]> {
  const found: Seq[] = [];
  let from: Seq | null = null;
  for (;;) {
    const limit = Math.min(SCAN_ROWS, count - found.length);
    const request = { limit, from, backwards: false, order: "descending" } as const;
    const page = await store.history.messages.list(applicationSeq, filter, request, false);
    found.push(...page.rows.map(({ seq }) => seq));
    if (!page.more || found.length >= count) return found;
    from = page.resume ?? page.rows.at(-1)!.seq;
  }
}

/** Messages that a listener skips. */
export interface Skip {
  readonly count: number;
  /** Whether there are more than `count`, which were not counted. */
  readonly isAtLeast: boolean;
  /** The listener continues after this message. */
  readonly cursor: Seq;
}

/** Returns what a listener must skip to be at most `LISTENER_BEHIND_MAX` messages behind, or null. */
export async function skipFor(store: Store, { applicationSeq, filter }: Followed, cursor: Seq): Promise<Skip | null> {
  /** The latest messages that were read, in a ring buffer. */
  const kept: Seq[] = [];
  let counted = 0;
  let from = cursor;
  for (;;) {
    const request = { limit: SCAN_ROWS, from, backwards: false, order: "ascending" } as const;
    const page = await store.history.messages.list(applicationSeq, filter, request, false);
    for (const { seq } of page.rows) kept[counted++ % LISTENER_BEHIND_MAX] = seq;
    if (!page.more) break;
    if (counted >= COUNTED_MAX) return skipToEnd(store, { applicationSeq, filter }, counted);
    from = page.resume ?? page.rows.at(-1)!.seq;
  }
  const count = counted - LISTENER_BEHIND_MAX;
  if (count <= 0) return null;
  return { count, isAtLeast: false, cursor: kept[counted % LISTENER_BEHIND_MAX]! - 1 };
}

/** Returns the skip to the newest messages. `counted` is the number of messages counted so far. */
async function skipToEnd(store: Store, followed: Followed, counted: number): Promise<Skip> {
  const oldest = (await newestOf(store, followed, LISTENER_BEHIND_MAX)).at(-1)!;
  return { count: counted - LISTENER_BEHIND_MAX, isAtLeast: true, cursor: oldest - 1 };
}
