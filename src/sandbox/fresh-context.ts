import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from "quickjs-emscripten-core";
import { HOST_PRELUDE } from "./host-prelude.ts";
import type { Interpreter } from "./interpreter.ts";
import { PRELUDE } from "./prelude.ts";
import type { SandboxLimits } from "./sandbox.ts";

/** Maximum stack of foreign code, which QuickJS checks. */
const STACK_BYTES_MAX = 256 * 1024;
/** Stack that is reset after a call: what foreign code can use, and what QuickJS uses above it. */
const STACK_BYTES_RESET = 2 * STACK_BYTES_MAX;
/** Memory from which an interpreter is replaced rather than reset, in bytes. It never shrinks. */
const RESET_BYTES_MAX = 12 * 1_048_576;
/** Size of the pieces in which used memory is looked for. */
const PIECE_BYTES = 4096;
const EMPTY = new Uint8Array(PIECE_BYTES);
/** A time in ms that occurs nowhere else in the memory. */
const MARK_MS = 0x1234_5678_9abc;

/** The state of the interpreter is not what this file expects of the library. */
class UnknownInterpreter extends Error {
  override readonly name = "UnknownInterpreter";
}

/** A piece of memory that is not empty. */
interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/**
 * A context in which no foreign code has run. It is created once. Before each call, the memory of the
 * interpreter is put back to the state right after the creation, in which everything that QuickJS
 * knows is contained. So a call sees nothing of another, and leaves nothing to be freed.
 */
export class FreshContext {
  readonly runtime: QuickJSRuntime;
  readonly context: QuickJSContext;
  /** The function that `PRELUDE` evaluates to. */
  readonly prelude: QuickJSHandle;
  /** The function that `HOST_PRELUDE` evaluates to. */
  readonly hostPrelude: QuickJSHandle;
  readonly #memory: WebAssembly.Memory;
  readonly #pieces: readonly Piece[];
  /** The stack ends here, and the heap begins. */
  readonly #heapAt: number;
  /** Address of the state of the random numbers. */
  readonly #randomAt: number;
  #isUsed = false;

  constructor({ quickJs, clock, memory }: Interpreter, { memoryBytesMax }: SandboxLimits) {
    this.#memory = memory;
    this.runtime = quickJs.newRuntime({ memoryLimitBytes: memoryBytesMax, maxStackSizeBytes: STACK_BYTES_MAX });
    this.runtime.setInterruptHandler(() => clock.isOverdue);
    // A new context seeds its random numbers with the time in µs.
    clock.now = MARK_MS;
    this.context = this.runtime.newContext();
    this.prelude = this.context.unwrapResult(this.context.evalCode(PRELUDE, "prelude.js"));
    this.hostPrelude = this.context.unwrapResult(this.context.evalCode(HOST_PRELUDE, "prelude.js"));
    this.#pieces = usedPieces(new Uint8Array(memory.buffer));
    this.#randomAt = addressOf(BigInt(MARK_MS) * 1000n, memory.buffer);
    // The largest gap is the unused part of the stack.
    const gaps = this.#pieces.slice(1).map(({ at }, i) => ({ at, size: at - endOf(this.#pieces[i]!) }));
    this.#heapAt = gaps.reduce((largest, gap) => (gap.size > largest.size ? gap : largest)).at;
  }

  /** Whether the interpreter must be replaced, because resetting it would take longer. */
  get isTooLarge(): boolean {
    return this.#memory.buffer.byteLength > RESET_BYTES_MAX;
  }

  /** Makes the context ready for a call. */
  reset(seed: number): void {
    if (this.#isUsed) this.#restore();
    this.#isUsed = true;
    // The generator needs a state other than 0.
    new DataView(this.#memory.buffer).setBigUint64(this.#randomAt, BigInt(seed) || 1n, true);
  }

  #restore(): void {
    const memory = new Uint8Array(this.#memory.buffer);
    memory.fill(0, endOf(this.#pieces.at(-1)!));
    memory.fill(0, this.#heapAt - STACK_BYTES_RESET, this.#heapAt);
    for (const { at, bytes } of this.#pieces) memory.set(bytes, at);
  }
}

function endOf({ at, bytes }: Piece): number {
  return at + bytes.length;
}

/** Returns copies of the parts of the memory that are not zero. */
function usedPieces(memory: Uint8Array): Piece[] {
  const pieces: Piece[] = [];
  let start = -1;
  for (let at = 0; at <= memory.length; at += PIECE_BYTES) {
    const piece = memory.subarray(at, at + PIECE_BYTES);
    const isUsed = Buffer.compare(piece, EMPTY.subarray(0, piece.length)) !== 0;
    if (isUsed && start < 0) start = at;
    if (isUsed || start < 0) continue;
    pieces.push({ at: start, bytes: memory.slice(start, at) });
    start = -1;
  }
  return pieces;
}

/** Returns the only address with this number. */
function addressOf(value: bigint, buffer: ArrayBufferLike): number {
  const words = new BigUint64Array(buffer);
  const index = words.indexOf(value);
  if (index < 0 || words.indexOf(value, index + 1) >= 0) {
    throw new UnknownInterpreter("The state of the random numbers was not found in the memory.");
  }
  return index * words.BYTES_PER_ELEMENT;
}
