import { CHECKPOINT_PAGES } from "../data-dir/database.ts";

const MIB = 1024 * 1024;

/** Limits of a replica. Tests lower them. */
export interface ReplicaLimits {
  /** Length of the log, in frames, at which it is copied to the database. */
  readonly checkpointFrames: number;
  /** How much the replica may lack, in bytes, before messages are refused. */
  readonly refuseBytes: number;
  /**
   * How much the replica may lack, in bytes, before the log is no longer kept for it. The replica
   * then needs a new base.
   */
  readonly cutBytes: number;
  /** Age at which the newest base is followed by a new one, in ms. */
  readonly baseEveryMs: number;
  /** Minimum size of the records after which a new base is made, in bytes. */
  readonly baseBytesMin: number;
  /** A new base is made when the records are this many times as large as the database. */
  readonly recordsPerDatabase: number;
  /** Size of the parts of a base, in bytes. */
  readonly chunkBytes: number;
  /** Pause before a base or a connection is tried again, in ms. */
  readonly retryMs: number;
  /** How often the replica is checked, also while nothing is committed, in ms. */
  readonly checkEveryMs: number;
  /** Time in ms after which a failure, or a commit that the replica lacks, is reported. */
  readonly reportedAfterMs: number;
  /** How long an earlier generation is kept, in ms. */
  readonly oldGenerationMs: number;
}

export const LIMITS: ReplicaLimits = {
  checkpointFrames: CHECKPOINT_PAGES,
  refuseBytes: 256 * MIB,
  cutBytes: 1024 * MIB,
  baseEveryMs: 86_400_000,
  baseBytesMin: 256 * MIB,
  recordsPerDatabase: 2,
  chunkBytes: 8 * MIB,
  retryMs: 5000,
  checkEveryMs: 5000,
  reportedAfterMs: 5000,
  oldGenerationMs: 7 * 86_400_000,
};
