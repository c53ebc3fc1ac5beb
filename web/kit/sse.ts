/** An event of a `text/event-stream`. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Parses a `text/event-stream` that arrives in arbitrary pieces, as specified by the HTML standard.
 * Ignores `id`, `retry` and comments.
 */
export class SseParser {
  #rest = "";
  #event = "";
  #data: string[] = [];

  /** Returns the events that end in this piece. */
  push(piece: string): readonly ServerEvent[] {
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): readonly ServerEvent[] {
    if (line === "") return this.#complete();
    const colon = line.indexOf(":");
    if (colon === 0) return [];
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    if (field === "data") this.#data.push(value);
    return [];
  }

  #complete(): readonly ServerEvent[] {
    const event = { event: this.#event || "message", data: this.#data.join("\n") };
    const hasData = this.#data.length > 0;
    this.#event = "";
    this.#data = [];
    return hasData ? [event] : [];
  }
}
