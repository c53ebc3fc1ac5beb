/** The replica of a store: a copy of the data that is updated after each commit. */
export interface StoreReplica {
  state(): ReplicaState;
  /**
   * Resolves to whether the replica has everything that has been committed before the call.
   * Resolves to false when the time limit has passed. Resolves at once if the replica need not be
   * waited for.
   */
  confirmed(): Promise<boolean> | true;
}

export interface ReplicaState {
  readonly location: string;
  /** Whether clients wait for the replica. */
  readonly isSync: boolean;
  /**
   * `behind`: the replica works, but lacks commits of the last seconds or has no complete copy of
   * the data yet. `failed`: it cannot be written.
   */
  readonly status: "ok" | "behind" | "failed";
  /** Time in ms since which the status is not `ok`; null if it is. */
  readonly since: number | null;
  /** Why the replica cannot be written; null if it can. */
  readonly reason: string | null;
  /** Age in ms of the oldest commit that the replica lacks. */
  readonly lagMs: number;
  /** Size of what the replica lacks. */
  readonly lagBytes: number;
  /** Whether messages are refused, because the replica lacks too much. */
  readonly isRefusing: boolean;
  /** Time in ms at which the newest complete copy of the data was made; null if there is none. */
  readonly copiedAt: number | null;
}
