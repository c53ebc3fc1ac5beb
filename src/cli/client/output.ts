import { EXIT } from "../exit-code.ts";
import { printable, printableJson } from "./printable.ts";

const RED = 31;
const GREEN = 32;
const YELLOW = 33;
const GREY = 90;

/**
 * Writes a line that is neither an event nor an error to stderr. `console.error` would print it in red
 * on a terminal.
 */
export function note(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** Writes the events of `listen`, `replay` and `tail` to stdout, one a line, for people or as JSON. */
export class Output {
  readonly #isColoured: boolean;

  constructor(readonly isJson: boolean) {
    process.stdout.on("error", endWithReader);
    this.#isColoured = !isJson && process.stdout.isTTY === true && (process.env.NO_COLOR ?? "") === "";
  }

  json(value: object): void {
    this.#write(printableJson(value));
  }

  /** Writes a line. Parts that come from elsewhere must be printable. */
  line(...parts: readonly string[]): void {
    this.#write(parts.join("  "));
  }

  time(at = new Date()): string {
    return this.#coloured(GREY, at.toTimeString().slice(0, 8));
  }

  /** Returns a status or an error, in the colour that fits it. */
  status(status: number | null, error: string | null = null): string {
    const text = printable(error ?? String(status));
    if (status === null || status === 0 || status >= 500) return this.#coloured(RED, text);
    return this.#coloured(status >= 200 && status < 300 ? GREEN : YELLOW, text);
  }

  #coloured(colour: number, text: string): string {
    return this.#isColoured ? `\u001b[${colour}m${text}\u001b[0m` : text;
  }

  #write(line: string): void {
    process.stdout.write(`${line}\n`);
  }
}

/** Ends the program when its output is no longer read, as in `boathook tail … | head`. */
function endWithReader(error: NodeJS.ErrnoException): never {
  if (error.code === "EPIPE") process.exit(EXIT.done);
  console.error(`The output cannot be written (${error.message}).`);
  process.exit(EXIT.failed);
}
