/**
 * Makes a WebAssembly module check the clock in every loop, and lets it start with less memory.
 *
 * A thread cannot be stopped while it runs WebAssembly: `terminate` waits for the next call into
 * JavaScript, and loops of the interpreter's own functions, such as `new Array(2 ** 32 - 1).join()`,
 * make none for hours.
 */

/** Number of loop iterations between two checks of the clock: less than 1 ms. */
const ITERATIONS = 50_000;

const [IMPORTS, GLOBALS, CODE, FUNCTION_TYPES] = [2, 6, 10, 1] as const;
const [FUNCTION, TABLE, MEMORY, GLOBAL] = [0, 1, 2, 3] as const;
const [I32, F64, MUTABLE, NO_RESULT] = [0x7f, 0x7c, 1, 0x40] as const;
const [LOOP, IF, END, CALL, DROP, GET, SET, CONST, SUB, IS_ZERO] = [
  ...[0x03, 0x04, 0x0b, 0x10, 0x1a, 0x23, 0x24, 0x41, 0x6b, 0x45],
] as const;

/** Thrown for a module with a section or an instruction that `meterLoops` does not know. */
export class UnknownWasm extends Error {
  override readonly name = "UnknownWasm";
}

/**
 * Returns a module that calls its first imported function of the type `() → f64`, the clock, in every
 * loop, once per `ITERATIONS`. The function may throw to end the run. The module then accepts an
 * imported memory of `pages`.
 */
export function meterLoops(wasm: Uint8Array, pages = 1): Uint8Array<ArrayBuffer> {
  const sections = sectionsOf(wasm);
  const bodyOf = (id: number) => {
    const section = sections.find((one) => one.id === id);
    if (section === undefined) throw new UnknownWasm(`The section ${id} is missing.`);
    return section.body;
  };
  const { clock, globals, pagesAt } = importsOf(bodyOf(IMPORTS), clockTypes(bodyOf(FUNCTION_TYPES)));
  const own = new Reader(bodyOf(GLOBALS));
  const count = own.number();
  const counter = globals + count;
  const newGlobals = [...number(count + 1), ...own.rest(), I32, MUTABLE, CONST, ...number(ITERATIONS), END];
  const check = clockCheck(counter, clock);
  const output: Uint8Array[] = [wasm.subarray(0, 8)];
  for (const { id, body } of sections) {
    let after = body;
    if (id === IMPORTS && pagesAt >= 0) after = withNumber(body, pagesAt, pages);
    if (id === GLOBALS) after = Uint8Array.from(newGlobals);
    if (id === CODE) after = meteredCode(body, check);
    output.push(Uint8Array.from([id, ...number(after.length)]), after);
  }
  return joined(output);
}

/** Instructions that decrement a counter and, when it reaches 0, reset it and call the clock. */
function clockCheck(counter: number, clock: number): Uint8Array {
  const global = number(counter);
  return Uint8Array.from([
    ...[GET, ...global, CONST, 1, SUB, SET, ...global],
    ...[GET, ...global, IS_ZERO, IF, NO_RESULT],
    ...[CONST, ...number(ITERATIONS), SET, ...global, CALL, ...number(clock), DROP, END],
  ]);
}

function sectionsOf(wasm: Uint8Array): { readonly id: number; readonly body: Uint8Array }[] {
  const reader = new Reader(wasm, 8);
  const sections = [];
  while (!reader.isAtEnd) {
    const id = reader.byte();
    sections.push({ id, body: reader.bytes(reader.number()) });
  }
  return sections;
}

/** Returns the indexes of the types `() → f64`. */
function clockTypes(body: Uint8Array): ReadonlySet<number> {
  const reader = new Reader(body);
  const found = new Set<number>();
  const count = reader.number();
  for (let index = 0; index < count; index++) {
    reader.byte();
    const parameters = reader.bytes(reader.number());
    const results = reader.bytes(reader.number());
    if (parameters.length === 0 && results.length === 1 && results[0] === F64) found.add(index);
  }
  return found;
}

interface Imports {
  /** The index of the clock among the functions. */
  readonly clock: number;
  /** The number of globals. */
  readonly globals: number;
  /** Where the least number of pages of the memory is. -1 if no memory is imported. */
  readonly pagesAt: number;
}

function importsOf(body: Uint8Array, types: ReadonlySet<number>): Imports {
  const reader = new Reader(body);
  let [functions, globals, clock, pagesAt] = [0, 0, -1, -1];
  for (let left = reader.number(); left > 0; left--) {
    reader.bytes(reader.number());
    reader.bytes(reader.number());
    const kind = reader.byte();
    if (kind === FUNCTION) {
      if (types.has(reader.number()) && clock < 0) clock = functions;
      functions++;
    } else if (kind === GLOBAL) {
      reader.bytes(2);
      globals++;
    } else if (kind === TABLE || kind === MEMORY) {
      if (kind === TABLE) reader.byte();
      const hasMaximum = (reader.byte() & 1) === 1;
      if (kind === MEMORY) pagesAt = reader.at;
      reader.number();
      if (hasMaximum) reader.number();
    } else {
      throw new UnknownWasm(`The kind ${kind} of an import is unknown.`);
    }
  }
  if (clock < 0) throw new UnknownWasm("The module imports no clock.");
  return { clock, globals, pagesAt };
}

/** Replaces the number at a position. */
function withNumber(body: Uint8Array, at: number, value: number): Uint8Array {
  const reader = new Reader(body, at);
  reader.skipNumber();
  return joined([body.subarray(0, at), Uint8Array.from(number(value)), reader.rest()]);
}

function meteredCode(body: Uint8Array, check: Uint8Array): Uint8Array {
  const reader = new Reader(body);
  const count = reader.number();
  const output: Uint8Array[] = [Uint8Array.from(number(count))];
  for (let left = count; left > 0; left--) {
    const after = meteredFunction(reader.bytes(reader.number()), check);
    output.push(Uint8Array.from(number(after.length)), after);
  }
  return joined(output);
}

function meteredFunction(body: Uint8Array, check: Uint8Array): Uint8Array {
  const reader = new Reader(body);
  for (let left = reader.number(); left > 0; left--) {
    reader.number();
    reader.byte();
  }
  const output: Uint8Array[] = [];
  let copied = 0;
  while (!reader.isAtEnd) {
    const opcode = reader.byte();
    skipOperands(reader, opcode);
    if (opcode !== LOOP) continue;
    output.push(body.subarray(copied, reader.at), check);
    copied = reader.at;
  }
  if (copied === 0) return body;
  output.push(body.subarray(copied));
  return joined(output);
}

/** Number of LEB128 numbers after an opcode, for those that have only such operands. */
function operandsOf(opcode: number): number | null {
  if (opcode >= 0x45 && opcode <= 0xc4) return 0;
  if (opcode >= 0x28 && opcode <= 0x3e) return 2;
  if (opcode >= 0x20 && opcode <= 0x26) return 1;
  if ([0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b, 0xd1].includes(opcode)) return 0;
  if ([0x02, 0x03, 0x04, 0x0c, 0x0d, 0x10, 0x3f, 0x40, 0x41, 0x42, 0xd0, 0xd2].includes(opcode)) return 1;
  return opcode === 0x11 ? 2 : null;
}

/** Number of LEB128 numbers after each opcode with the prefix 0xfc, by opcode. */
const PREFIXED_OPERANDS = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1];

function skipOperands(reader: Reader, opcode: number): void {
  let count = operandsOf(opcode);
  if (opcode === 0x0e) count = reader.number() + 1;
  if (opcode === 0x1c) count = reader.number();
  if (opcode === 0x43 || opcode === 0x44) {
    reader.bytes(opcode === 0x43 ? 4 : 8);
    return;
  }
  if (opcode === 0xfc) count = PREFIXED_OPERANDS[reader.number()] ?? null;
  if (count === null) throw new UnknownWasm(`The instruction 0x${opcode.toString(16)} is unknown.`);
  for (let left = count; left > 0; left--) reader.skipNumber();
}

/** Reads the binary format of WebAssembly. */
class Reader {
  constructor(
    private readonly source: Uint8Array,
    public at = 0,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.source.length;
  }

  byte(): number {
    const byte = this.source[this.at++];
    if (byte === undefined) throw new UnknownWasm("The module ends too early.");
    return byte;
  }

  bytes(count: number): Uint8Array {
    const start = this.at;
    this.at += count;
    if (this.at > this.source.length) throw new UnknownWasm("The module ends too early.");
    return this.source.subarray(start, this.at);
  }

  rest(): Uint8Array {
    return this.bytes(this.source.length - this.at);
  }

  /** Reads an unsigned LEB128 number below 2^32. */
  number(): number {
    let [result, shift] = [0, 0];
    for (;;) {
      const byte = this.byte();
      result |= (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) return result >>> 0;
    }
  }

  skipNumber(): void {
    while (this.byte() >= 0x80);
  }
}

/**
 * Writes a LEB128 number that is valid as an unsigned number and, because its highest bit is 0, as a
 * signed one.
 */
function number(value: number): number[] {
  const bytes = [];
  let left = value;
  while (left >= 0x40) {
    bytes.push((left & 0x7f) | 0x80);
    left >>>= 7;
  }
  bytes.push(left);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
