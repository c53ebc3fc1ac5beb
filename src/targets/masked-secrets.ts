import { utf8Start } from "../core/text.ts";

/** Shorter values are not masked, because they occur in other texts by chance. */
const MASKED_CHARS_MIN = 6;
/** The end of an error message that was cut. */
const CUT = "…";

/** Replaces the secrets of a function in what people can read: logs, errors and results. */
export class MaskedSecrets {
  /** The forms in which secrets may occur in texts. */
  readonly #secrets: ReadonlyArray<readonly [name: string, form: string]>;
  readonly #longest: number;

  constructor(secrets: Readonly<Record<string, string>>) {
    // The longest first, because one secret may contain another.
    this.#secrets = Object.entries(secrets)
      .flatMap(([name, value]) => formsOf(value).map((form) => [name, form] as const))
      .filter(([, form]) => form.length >= MASKED_CHARS_MIN)
      .sort(([, one], [, other]) => other.length - one.length);
    this.#longest = this.#secrets[0]?.[1].length ?? 0;
  }

  in(text: string): string {
    let masked = text;
    for (const [name, form] of this.#secrets) masked = masked.replaceAll(form, `[secret ${name}]`);
    return masked;
  }

  /** Masks a text that may have been cut, perhaps within a secret. */
  inCut(text: string): string {
    const masked = this.in(text);
    const end = masked.endsWith(CUT) ? masked.length - CUT.length : masked.length;
    const kept = masked.slice(0, end);
    for (const [name, form] of this.#secrets) {
      const chars = overlap(kept, form);
      if (chars > 0) return `${kept.slice(0, end - chars)}[secret ${name}]${masked.slice(end)}`;
    }
    return masked;
  }

  /** Returns the first `bytesMax` bytes of a text in UTF-8, cut between characters. */
  bytes(text: string, bytesMax: number): Uint8Array {
    return utf8Start(this.in(text.slice(0, bytesMax + this.#longest)), bytesMax);
  }
}

/** Returns how many characters at the end of a text are the beginning of a secret, or 0 if there are too few. */
function overlap(text: string, secret: string): number {
  for (let chars = Math.min(text.length, secret.length - 1); chars >= MASKED_CHARS_MIN; chars--) {
    if (text.endsWith(secret.slice(0, chars))) return chars;
  }
  return 0;
}

/**
 * Returns the forms of a value in texts: as it is, without the spaces around it, in one line as in the
 * message of an error, as JSON, and as JSON within JSON. A key with several lines has another form in each.
 */
function formsOf(value: string): string[] {
  const texts = [value, value.trim(), value.trim().replace(/\s+/g, " ")];
  const inJson = texts.map(jsonOf);
  return [...new Set([...texts, ...inJson, ...inJson.map(jsonOf)])];
}

function jsonOf(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
