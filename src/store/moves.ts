import type { MovedIds, Seq } from "../core/id.ts";
import type {
  HistoryPage,
  KeysCursor,
  KeysPage,
  MessagesPage,
  PolledCursor,
  PolledPage,
  SettingsPage,
  WaitingCursor,
  WaitingPage,
} from "./move-pages.ts";
import type { Key, Task } from "./records/index.ts";

/** Greatest difference between the clocks of two installations, in ms. */
export const CLOCKS_DIFFER_MAX_MS = 60_000;

/**
 * Moves of applications between installations. The installation that an application leaves is the
 * *origin*; the one that it moves to is the *destination*. Rows cross in *pages*, in the form of their
 * tables, so both must have the same schema. Rows of a page refer to each other by their numbers at
 * the origin; `ids` has the ids that belong to these numbers. Every method of the destination may be
 * repeated with the same page.
 */
export interface Moves {
  /** Identifies the form of the rows in pages. */
  readonly schemaVersion: number;
  readonly ids: MovedIds & MovedPlaces;
  readonly origin: MoveOrigin;
  readonly destination: MoveDestination;
}

export interface MovedPlaces {
  /** Returns the number at which a consumer continues with an id that was its iterator at the origin, or null. */
  placeOf(id: string): Seq | null;
}

/** Why an application cannot arrive, in words for its operators. */
export interface ArrivalObstacle {
  readonly obstacle: string;
}

/** An application that has moved to another installation. */
export interface Departure {
  readonly applicationSeq: Seq;
  readonly environmentSeq: Seq;
  readonly uid: string | null;
  /** The URL of the destination. */
  readonly url: string;
  /** The hold under which the application left. */
  readonly hold: string;
  readonly departedAt: number;
}

export interface MoveOrigin {
  /** The applications that have moved away since the start. */
  readonly departed: ReadonlySet<Seq>;
  /** Returns where the application with this key has moved, or null. */
  departure(environmentSeq: Seq, key: Key): Promise<Departure | null>;
  /** Returns the deleted application with this key that has not departed, or null. With a uid, the newest one. */
  deleted(environmentSeq: Seq, key: Key): Promise<Seq | null>;
  /** Returns the reason why an application cannot be moved, or null. */
  obstacle(applicationSeq: Seq): Promise<string | null>;
  /** `number` becomes the `originNumber` of the page. */
  settings(applicationSeq: Seq, number: Seq): Promise<SettingsPage>;
  polled(
    applicationSeq: Seq,
    after: PolledCursor | null,
  ): Promise<{ readonly page: PolledPage; readonly next: PolledCursor | null }>;
  /**
   * Reads waiting deliveries after a place. Due times of retries are returned as times of the wall
   * clock, which is `aheadMs` ahead of the delivery time. `next` is null after the last page.
   */
  waiting(
    applicationSeq: Seq,
    after: WaitingCursor | null,
    aheadMs: number,
  ): Promise<{ readonly page: WaitingPage; readonly next: WaitingCursor | null }>;
  /** Reads messages of an application. Returns at least one, and no more than fit into a page. */
  messages(applicationSeq: Seq, seqs: readonly Seq[]): Promise<MessagesPage>;
  /**
   * Reads keys that are valid at `now`. `after` is the `next` of the page before, or the `to` of an earlier pass. Begins
   * a pass over all keys if `after` is null, or if the keys since that pass are not known any more.
   */
  keys(
    applicationSeq: Seq,
    after: KeysCursor | string | null,
    now: number,
  ): Promise<{ readonly page: KeysPage; readonly next: KeysCursor | null }>;
  /** Reads the history of an application after a message. The page without messages is the last one. */
  history(applicationSeq: Seq, after: Seq): Promise<HistoryPage>;
  /**
   * Returns a value that changes whenever the application's settings, messages or waiting deliveries do, or
   * payloads are deleted. Changes to many of these rows are counted from the first call until `forget`.
   */
  fingerprint(applicationSeq: Seq): Promise<string>;
  /** Ends what `fingerprint` began. Later fingerprints differ from the earlier ones. Does nothing without one. */
  forget(applicationSeq: Seq): void;
  /**
   * Deletes an application and records where it has moved, in one commit. From then on it accepts no
   * message. If it has dead letters, also stores `drop`, the task that cancels them. Returns null, and
   * changes nothing, if the fingerprint has changed or was forgotten.
   */
  depart(departure: Departure, fingerprint: string, drop: Task): Promise<Departed | null>;
}

/** What has left with an application. */
export interface Departed {
  readonly endpointSeqs: readonly Seq[];
  readonly hasDeadLetters: boolean;
}

/** An application that comes from another installation. */
export interface Arrival {
  readonly applicationSeq: Seq;
  /** The hold under which the stored deliveries were read, or null. */
  readonly hold: string | null;
  /** Time from which the application is served here. Null while it is arriving. */
  readonly arrivedAt: number | null;
  readonly historyTo: Seq;
}

/** A page was read under an earlier hold than what is stored. Nothing was stored. */
export type EarlierHold = "earlier-hold";

/** Result of storing a page that refers to messages: nothing is stored if some are missing. */
export interface PageStored {
  /** The ids of the missing messages. */
  readonly missing: readonly string[];
}

export interface MoveDestination {
  /** The applications that are arriving. Requests for them are refused, and no attempt is made. */
  readonly arriving: ReadonlySet<Seq>;
  /** The ids of the environments that the idempotency keys of root callers contain, by applications from elsewhere. */
  readonly keyEnvironments: ReadonlyMap<Seq, string>;
  /** Returns the application with this id at the origin, or null if it is not arriving or has not arrived. */
  arrival(applicationId: string): Promise<Arrival | null>;
  /**
   * Stores the settings. From then on, the application is arriving. Without a hold, settings that are
   * stored already stay, because those of the page may be older. Returns `taken` if the uid is in use, an
   * obstacle if the environment has other payload versions, and `earlier-hold` if a later hold has begun, or if
   * the application has been here since the page was read, and has left again. Nothing is stored then.
   */
  storeSettings(
    environmentSeq: Seq,
    page: SettingsPage,
    hold: string | null,
  ): Promise<Arrival | ArrivalObstacle | EarlierHold | "taken">;
  /**
   * Stores a page that was read under a hold, and deletes what was read under earlier holds. The first
   * page of a part replaces what is stored of it. Without a hold, stores nothing, and only reports
   * which messages are missing. Returns null, and changes nothing, if the application has arrived.
   */
  storePolled(applicationSeq: Seq, page: PolledPage, hold: string | null): Promise<PageStored | EarlierHold | null>;
  /** Like `storePolled`, for waiting deliveries. */
  storeWaiting(
    applicationSeq: Seq,
    page: WaitingPage,
    hold: string | null,
    aheadMs: number,
  ): Promise<PageStored | EarlierHold | null>;
  /** Skips messages that are stored. Returns null, and changes nothing, if the application has arrived. */
  storeMessages(applicationSeq: Seq, page: MessagesPage): Promise<PageStored | null>;
  /**
   * Stores keys, unless messages are missing. Returns `behind`, and changes nothing, if the page does not continue
   * what is stored here. Returns null, and changes nothing, if the application has arrived.
   */
  storeKeys(applicationSeq: Seq, page: KeysPage, now: number): Promise<PageStored | "behind" | null>;
  storeHistory(applicationSeq: Seq, page: HistoryPage): Promise<void>;
  /**
   * Deletes an application that is arriving, because its move was given up. Returns its endpoints. Returns
   * null, and changes nothing, if it is not arriving or if the hold is another one.
   */
  abandon(applicationSeq: Seq, hold: string | null, now: number): Promise<readonly Seq[] | null>;
  /**
   * Makes an application that is arriving one that has arrived. Deletes the messages that had been copied
   * before the hold, to which no key belongs any more, and for which nobody has waited since: the origin may
   * have deleted their payloads. If a key has expired at the origin but not here, where the clock is behind, its
   * message stays without its payload.
   * Returns null if the hold is another one.
   */
  arrive(applicationSeq: Seq, hold: string, now: number): Promise<Arrived | null>;
}

export interface Arrived {
  /** The endpoints of the application. */
  readonly lanes: readonly ArrivedLane[];
  /** Numbers of deliveries that have arrived. 0 if the application had arrived before. */
  readonly pending: number;
  readonly dead: number;
}

export interface ArrivedLane {
  readonly endpointSeq: Seq;
  /** The first position in the lane. Null if no delivery is pending. */
  readonly position: Seq | null;
}
