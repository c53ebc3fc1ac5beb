import { type ByteRange, skipString, skipValue } from "../core/json.ts";
import { CLOSE_ARRAY, CLOSE_OBJECT, OPEN_ARRAY, OPEN_OBJECT, QUOTE, skipSpace } from "../core/json-bytes.ts";
import { canonicalDecimal, type Decimal, decimalOf } from "./decimal.ts";
import type { FilterMeter } from "./meter.ts";

export type Kind = "null" | "boolean" | "number" | "string" | "array" | "object";

/** Cost of finding a field or an item, in steps. */
const STEPS_PER_FIELD = 3;
const STEPS_PER_ITEM = 1;
/** Cost of writing one value in its canonical form, in steps. */
const STEPS_PER_CANONICAL = 8;

const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const LETTER_F = 0x66;

/**
 * A value in the bytes of a JSON document. It is read when it is needed, and only as far as it is
 * needed: a filter usually looks at a few fields. Numbers are read from their text, so they are
 * exact. The document must be valid.
 */
export class JsonView {
  readonly kind: Kind;
  #fields: ReadonlyMap<string, JsonView> | null = null;
  #items: readonly JsonView[] | null = null;
  #string: string | null = null;
  #decimal: Decimal | null = null;

  constructor(
    private readonly bytes: Buffer,
    private readonly start: number,
    private readonly end: number,
  ) {
    this.kind = kindAt(bytes[start]!);
  }

  /** Size of the JSON text in bytes. */
  get sizeBytes(): number {
    return this.end - this.start;
  }

  /** Returns the field of an object, or undefined. The last of several with the same name counts. */
  field(name: string, meter: FilterMeter): JsonView | undefined {
    this.#fields ??= this.#readFields(meter);
    return this.#fields.get(name);
  }

  /** Returns the items of an array. */
  items(meter: FilterMeter): readonly JsonView[] {
    this.#items ??= this.#readItems(meter);
    return this.#items;
  }

  /** Returns the value of a string. */
  string(meter: FilterMeter): string {
    if (this.#string === null) {
      meter.spendOnText(this.sizeBytes);
      this.#string = textOf(this.bytes, [this.start, this.end]);
    }
    return this.#string;
  }

  decimal(meter: FilterMeter): Decimal {
    if (this.#decimal === null) {
      meter.spendOnText(this.sizeBytes);
      this.#decimal = decimalOf(this.source());
    }
    return this.#decimal;
  }

  /** Returns the JSON text of the value, at most `bytesMax` bytes of it. */
  source(bytesMax: number = Number.POSITIVE_INFINITY): string {
    return this.bytes.toString("utf8", this.start, Math.min(this.end, this.start + bytesMax));
  }

  /** Returns a text that is the same for equal values only. The order of fields does not matter. */
  canonical(meter: FilterMeter): string {
    meter.spend(STEPS_PER_CANONICAL);
    switch (this.kind) {
      case "number":
        meter.spendOnText(this.sizeBytes);
        return canonicalDecimal(this.source());
      case "string":
        return JSON.stringify(this.string(meter));
      case "array":
        return `[${this.items(meter)
          .map((item) => item.canonical(meter))
          .join()}]`;
      case "object": {
        this.#fields ??= this.#readFields(meter);
        const names = [...this.#fields.keys()].sort();
        return `{${names.map((name) => `${JSON.stringify(name)}:${this.#fields!.get(name)!.canonical(meter)}`).join()}}`;
      }
      default:
        return this.source();
    }
  }

  #readFields(meter: FilterMeter): Map<string, JsonView> {
    const { bytes } = this;
    const fields = new Map<string, JsonView>();
    meter.spendOnText(this.sizeBytes);
    let at = skipSpace(bytes, this.start + 1);
    while (bytes[at] !== CLOSE_OBJECT) {
      meter.spend(STEPS_PER_FIELD);
      const keyEnd = skipString(bytes, at);
      const name = textOf(bytes, [at, keyEnd]);
      const from = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1);
      const to = skipValue(bytes, from);
      fields.set(name, new JsonView(bytes, from, to));
      at = this.#next(to);
    }
    return fields;
  }

  #readItems(meter: FilterMeter): JsonView[] {
    const { bytes } = this;
    const items: JsonView[] = [];
    meter.spendOnText(this.sizeBytes);
    let at = skipSpace(bytes, this.start + 1);
    while (bytes[at] !== CLOSE_ARRAY) {
      meter.spend(STEPS_PER_ITEM);
      const to = skipValue(bytes, at);
      items.push(new JsonView(bytes, at, to));
      at = this.#next(to);
    }
    return items;
  }

  /** Returns the position of the next member or of the closing bracket. */
  #next(end: number): number {
    const at = skipSpace(this.bytes, end);
    const byte = this.bytes[at];
    return byte === CLOSE_OBJECT || byte === CLOSE_ARRAY ? at : skipSpace(this.bytes, at + 1);
  }
}

/** Returns the value of a JSON document. The document must be valid. */
export function viewOf(document: Uint8Array): JsonView {
  const bytes = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  const start = skipSpace(bytes, 0);
  return new JsonView(bytes, start, skipValue(bytes, start));
}

function kindAt(byte: number): Kind {
  switch (byte) {
    case OPEN_OBJECT:
      return "object";
    case OPEN_ARRAY:
      return "array";
    case QUOTE:
      return "string";
    case LETTER_N:
      return "null";
    case LETTER_T:
    case LETTER_F:
      return "boolean";
    default:
      return "number";
  }
}

/** Returns the value of the string at the range, which includes the quotes. */
function textOf(bytes: Buffer, [start, end]: ByteRange): string {
  const text = bytes.toString("utf8", start + 1, end - 1);
  return text.includes("\\") ? JSON.parse(`"${text}"`) : text;
}
