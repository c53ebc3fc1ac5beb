/** Maximum number of lines that are kept. */
const LINES_MAX = 200;
/** Longer lines are not kept as they are: their fields may be large. */
const LINE_CHARS_MAX = 4096;
const IS_PROBLEM = /^\{"level":"(warn|error)"/;

/** Keeps the latest warnings and errors of the log, for the diagnostic bundle. */
export class RecentLines {
  readonly #lines: string[] = [];

  /** `line` is a line of the log as JSON. Lines below `warn` are ignored. */
  add(line: string): void {
    if (!IS_PROBLEM.test(line)) return;
    this.#lines.push(line.slice(0, LINE_CHARS_MAX));
    if (this.#lines.length > LINES_MAX) this.#lines.shift();
  }

  /** Returns the lines, the oldest first. */
  list(): readonly string[] {
    return [...this.#lines];
  }
}
