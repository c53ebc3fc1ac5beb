import { utf8Start } from "../core/protocol-answer.ts";

/** Shorter values are not masked, because they occur in other texts by chance. */
const MASKED_CHARS_MIN = 6;

/** Replaces the secrets of a function in what people can read: logs, errors and results. */
export class MaskedSecrets {
  readonly #secrets: ReadonlyArray<readonly [name: string, value: string]>;
  readonly #longest: number;

  constructor(secrets: Readonly<Record<string, string>>) {
    // The longest first, because one secret may contain another.
    this.#secrets = Object.entries(secrets)
      .filter(([, value]) => value.length >= MASKED_CHARS_MIN)
      .sort(([, one], [, other]) => other.length - one.length);
    this.#longest = this.#secrets[0]?.[1].length ?? 0;
  }

  in(text: string): string {
    let masked = text;
    for (const [name, value] of this.#secrets) masked = masked.replaceAll(value, `[secret ${name}]`);
    return masked;
  }

  /** Returns the first `bytesMax` bytes of a text in UTF-8, cut between characters. */
  bytes(text: string, bytesMax: number): Uint8Array {
    return utf8Start(this.in(text.slice(0, bytesMax + this.#longest)), bytesMax);
  }
}
