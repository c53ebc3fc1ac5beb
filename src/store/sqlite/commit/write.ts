/**
 * A write that waits for a commit. `work` may run more than once, so it must change nothing but the
 * database.
 */
export interface Write {
  readonly work: () => unknown;
  /** Approximate number of rows that `work` writes. */
  readonly rows: number;
  resolve(value: never): void;
  reject(error: unknown): void;
}
