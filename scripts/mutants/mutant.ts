/** A small fault, and the tests that must detect it. */
export interface Mutant {
  /** A unique name, which `--only` accepts. */
  readonly name: string;
  /** Path relative to the repository. */
  readonly file: string;
  /** Text that must occur exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The smallest command that detects the fault, such as `bun test test/core/retry.test.ts`. */
  readonly test: string;
}
