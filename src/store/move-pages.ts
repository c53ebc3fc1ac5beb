import type { Seq } from "../core/id.ts";
import type { MovedVersions } from "../core/moved-versions.ts";
import type { Lease } from "./records/index.ts";

/** A value of a row. `bytes` is base64; `secret` is a value that is encrypted at rest, in plain text. */
export type Cell = null | number | string | { readonly bytes: string } | { readonly secret: string };
export type Row = Readonly<Record<string, Cell>>;

/** Ids at the origin, by prefix and number, such as `msg_17`. */
export type Ids = Readonly<Record<string, string>>;

/** The configuration of an application. */
export interface SettingsPage {
  readonly part: "settings";
  /**
   * The number of the hold during which the page was read. Without a hold, a number between those of earlier and
   * later holds. Pages of earlier versions have none.
   */
  readonly originNumber?: Seq;
  readonly application: Row;
  /** The id of the environment that the idempotency keys of root callers contain. */
  readonly keyEnvironment: string;
  readonly ids: Ids;
  readonly eventTypes: readonly Row[];
  readonly endpoints: readonly Row[];
  readonly secrets: readonly Row[];
  readonly tokens: readonly Row[];
  readonly jwtEnds: readonly Row[];
  /** Null if the application has no endpoint. */
  readonly versions: MovedVersions | null;
}

/**
 * What the consumers and the groups of workers have not got yet. The first page has the consumers and
 * the groups, the next ones the messages after their cursors, and the last ones the leases.
 */
export interface PolledPage {
  readonly part: "polled";
  readonly isFirst: boolean;
  readonly ids: Ids;
  /** Messages that must be stored before this page. */
  readonly messages: readonly Seq[];
  /** The newest message of the application. Null if there is none. */
  readonly newest: Seq | null;
  /** The greatest number at the origin. A cursor after it waits for messages of the future. */
  readonly last: Seq;
  /** Those of the messages whose payload has been deleted. */
  readonly erased: readonly Seq[];
  readonly consumers: readonly MovedReader[];
  readonly groups: readonly MovedReader[];
  readonly leases: readonly MovedLease[];
}

/** A consumer or a group. */
export interface MovedReader {
  readonly sink: string;
  readonly name: string;
  readonly cursor: Seq;
  /** The first message after the cursor. Null if there is none. */
  readonly next: Seq | null;
  readonly updatedAt: number;
}

export interface MovedLease extends Lease {
  readonly sink: string;
  readonly group: string;
  readonly endsAt: number;
}

/** Deliveries that wait: pending ones and dead letters. */
export interface WaitingPage {
  readonly part: "waiting";
  readonly isFirst: boolean;
  readonly ids: Ids;
  readonly deliveries: readonly Row[];
  /** The messages of the deliveries and of the sends whose payload has been deleted. */
  readonly erased: readonly Seq[];
  /** What functions have sent when they handled these deliveries. The messages must be stored before this page. */
  readonly sends: readonly MovedSend[];
}

export interface MessagesPage {
  readonly part: "messages";
  readonly ids: Ids;
  readonly messages: readonly Row[];
  /** How functions have sent these messages. */
  readonly sends: readonly MovedSend[];
}

/** A message that a function has sent. */
export interface MovedSend {
  readonly messageSeq: Seq;
  /** The message and the endpoint of the delivery that the function handled. Null if the delivery was deleted. */
  readonly causeSeq: Seq | null;
  readonly endpointSeq: Seq | null;
  readonly number: number;
  readonly hops: number;
  /** Whether the payload has been deleted. Null if the message has been. */
  readonly isErased: boolean | null;
}

/** Messages with all their deliveries and attempts, after the message `after`. */
export interface HistoryPage {
  readonly part: "history";
  readonly after: Seq;
  readonly last: Seq;
  readonly ids: Ids;
  readonly messages: readonly Row[];
  readonly deliveries: readonly Row[];
  readonly attempts: readonly Row[];
  /** How functions have sent these messages, and what they have sent for these deliveries if it was deleted. */
  readonly sends: readonly MovedSend[];
}

/**
 * Idempotency keys that have not expired, with their messages or responses. A *pass* over all keys, or over
 * those that were added since an earlier pass, consists of one or more pages.
 */
export interface KeysPage {
  readonly part: "keys";
  readonly pass: KeysPass;
  /** The time of the origin when the page was read. Keys that had expired then are not contained. */
  readonly readAt: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly ids: Ids;
  readonly keys: readonly MovedKey[];
  /** Those of the messages of the keys whose payload has been deleted. */
  readonly erased: readonly Seq[];
  /** Rows of keys whose responses are stored as text. */
  readonly responses: readonly Row[];
}

/** Names what a pass over the keys contains. */
export interface KeysPass {
  /** The `to` of the pass that this one continues. Null if this one contains all keys. */
  readonly from: string | null;
  /** Stands for the keys that were stored when the pass began. No other pass has the same. */
  readonly to: string;
}

/** The key of a message. */
export interface MovedKey {
  /** The part of the key that is stored, in base64. */
  readonly key: string;
  readonly messageSeq: Seq;
  readonly expiresAt: number;
  /** In base64. Null if it is not known. */
  readonly bodyHash: string | null;
}

/** A place in a pass over the keys. */
export interface KeysCursor {
  readonly pass: KeysPass;
  /** `recent`: keys in memory. `ranges`: keys on disk. `responses`: keys whose responses are stored as text. */
  readonly stage: "recent" | "ranges" | "responses";
  /** Where the stage continues: the number of an addition, the start of a range, or the number of a response. */
  readonly place: number;
}

export type MovePage = SettingsPage | PolledPage | WaitingPage | MessagesPage | KeysPage | HistoryPage;

/** A place in the waiting deliveries of an application. */
export interface WaitingCursor {
  readonly endpointSeq: Seq;
  readonly state: number;
  readonly place: Seq;
  readonly seq: Seq;
}

/** A place in the messages of consumers and groups, or, with a group, in the leases. */
export interface PolledCursor {
  readonly groupId: number | null;
  readonly messageSeq: Seq;
}
