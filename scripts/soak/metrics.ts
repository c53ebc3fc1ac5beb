/** The values of one page of metrics in the text format of Prometheus. */
export class Metrics {
  readonly #lines: readonly string[];

  constructor(page: string) {
    this.#lines = page.split("\n");
  }

  /** Returns the sum of the series of a metric whose labels contain a text. Throws if there are none. */
  sum(name: string, label = ""): number {
    const lines = this.#lines.filter((line) => line.startsWith(name) && /^[ {]/.test(line.slice(name.length)));
    const wanted = lines.filter((line) => line.includes(label));
    if (wanted.length === 0) throw new Error(`The server has no metric ${name} with ${label || "any labels"}.`);
    return wanted.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }
}
