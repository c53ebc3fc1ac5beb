/** The database server of a store whose data are not in files of its own. */
export interface StoreDatabase {
  /** Rejects with `StoreUnavailable` if the server cannot be reached. */
  state(): Promise<DatabaseState>;
}

/** What happens in the database, as far as the user of the store may see it. */
export interface DatabaseState {
  readonly connections: {
    readonly used: number;
    readonly max: number;
    /** Number of connections that the user of the store can still open. */
    readonly free: number;
  };
  /** What keeps the server from removing dead rows, beginning with the oldest. At most 20. */
  readonly holders: readonly SnapshotHolder[];
  /** The transactions of all clients in this database. */
  readonly transactions: {
    /** Age of the oldest one, in ms; 0 if there is none. */
    readonly oldestMs: number;
    /** How long the client of an open transaction has been doing nothing, in ms; 0 if there is none. */
    readonly idleMs: number;
    /** The process of that client on the server, or null. */
    readonly idlePid: number | null;
  };
  /** The tables whose rows are often changed or deleted. */
  readonly tables: readonly TableState[];
  readonly instances: readonly InstanceState[];
  /** The shares of the lanes: how many there are, and how many a live instance serves. */
  readonly shares: { readonly total: number; readonly served: number };
}

/**
 * Something that may still read rows that were deleted since it began. `standby`: a standby server
 * with `hot_standby_feedback`.
 */
export interface SnapshotHolder {
  readonly kind: "session" | "standby" | "slot" | "prepared";
  /** Number of the session's process, or name of the slot or the prepared transaction. */
  readonly name: string;
  /** Number of transactions since it began. */
  readonly transactions: number;
  /** Null if it is not known. */
  readonly ageMs: number | null;
}

export interface TableState {
  readonly name: string;
  /** Estimated numbers of rows. Dead ones are deleted or outdated and have not been removed yet. */
  readonly live: number;
  readonly dead: number;
  /** Whether the server removes dead rows of this table by itself. */
  readonly isVacuumed: boolean;
}

/** A process that uses the database. */
export interface InstanceState {
  readonly slot: number;
  /** Whether its lease has not expired. */
  readonly isAlive: boolean;
  /** Whether it serves lanes. Commands do not. */
  readonly isServing: boolean;
  /** Number of shares of the lanes that it serves. */
  readonly shares: number;
  /** Whether it is this process. */
  readonly isSelf: boolean;
}
