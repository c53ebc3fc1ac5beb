/** A small fault, and the tests that must notice it. */
export interface Mutant {
  /** Unique; `--only` takes it. */
  readonly name: string;
  /** Relative to the repository. */
  readonly file: string;
  /** Exact text that occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The smallest command that notices the fault, such as `bun test test/core/retry.test.ts`. */
  readonly test: string;
}
