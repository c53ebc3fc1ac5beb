/**
 * Where a replica is kept: a directory or a bucket. Names are paths with `/`. Methods reject if the
 * vault cannot be reached or written.
 */
export interface Vault {
  /** The location as the operator has given it. */
  readonly location: string;
  /** Maximum number of bytes in one record. */
  readonly recordBytesMax: number;
  /**
   * Minimum time from one record to the next in ms, unless somebody waits for the record. If it is
   * 0, writing a record is fast, and the store commits nothing more before a commit is written.
   */
  readonly pauseMs: number;
  /**
   * Prepares the vault for a server, and locks it if possible. Throws `StartError` if that is not
   * possible.
   */
  lock(): Promise<void>;
  /** Creates or replaces an object. After a crash, it has its old or its new content. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /**
   * Writes a record: as a new object with this name, or at the end of the object that got the record
   * before. It survives the end of this process, but is durable only after `sync`. A failed call may
   * have written a part of the record. It may be repeated with the same record.
   */
  append(name: string, record: Uint8Array): Promise<void>;
  /**
   * Makes all records durable that have been written before the call. If it rejects, they must be
   * written again.
   */
  sync(): Promise<void>;
  /** Makes sure that the next record begins a new object. */
  endSegment(): Promise<void>;
  /** Returns the content of an object, or null if it does not exist. */
  get(name: string): Promise<Uint8Array | null>;
  /** Returns the names that begin with `prefix`, sorted. */
  list(prefix: string): Promise<readonly string[]>;
  /** Removes objects. Those that do not exist are skipped. */
  remove(names: readonly string[]): Promise<void>;
  /**
   * Rejects if the replica has been removed or replaced, or if another server has begun to use it.
   * Called from time to time, also while nothing is written.
   */
  check(): Promise<void>;
  close(): Promise<void>;
}
