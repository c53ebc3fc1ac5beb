import variant from "@jitl/quickjs-wasmfile-release-sync";
import wasmPath from "@jitl/quickjs-wasmfile-release-sync/wasm" with { type: "file" };
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSWASMModule } from "quickjs-emscripten-core";
import { meterLoops } from "./meter.ts";

const PAGE_BYTES = 65_536;
/**
 * The memory at the start: 5.2 MB for the stack and static data, and some for the heap. Little,
 * because all of it is reset after each call.
 */
const PAGES_MIN = 96;
/** Memory for the stack and the static data of the interpreter, in bytes. */
const OWN_BYTES = 7 * 1_048_576;

/** How much time after the deadline ends a call for good. An ordinary interrupt needs less. */
const GRACE_MS = 20;

/** Thrown out of the interpreter when a call does not stop. The interpreter cannot be used again. */
export class Overrun extends Error {
  override readonly name = "Overrun";
}

/** Time and limits of the current call. */
class CallClock {
  /** The time that the code sees. */
  now = 0;
  #startMs = 0;
  #timeoutMs = Number.POSITIVE_INFINITY;

  start(timeoutMs: number): void {
    this.#startMs = computingMs();
    this.#timeoutMs = timeoutMs;
  }

  stop(): void {
    this.#timeoutMs = Number.POSITIVE_INFINITY;
  }

  get isOverdue(): boolean {
    return computingMs() - this.#startMs > this.#timeoutMs;
  }

  /** The interpreter calls this to read the clock, and once in a while in every loop. */
  look(): number {
    if (computingMs() - this.#startMs > this.#timeoutMs + GRACE_MS) throw new Overrun("The code does not stop.");
    return this.now;
  }
}

/** The processor time of this thread, so that a busy machine fails no call. */
export function computingMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** A JavaScript interpreter in WebAssembly. */
export interface Interpreter {
  readonly quickJs: QuickJSWASMModule;
  readonly clock: CallClock;
  readonly memory: WebAssembly.Memory;
  /** Returns whether the memory should have grown beyond its maximum when it was last to grow. */
  lacksMemory(): boolean;
}

/** Compiles the interpreter once per thread. */
export class Interpreters {
  #module: Promise<WebAssembly.Module> | null = null;

  constructor(private readonly memoryBytesMax: number) {}

  async open(): Promise<Interpreter> {
    this.#module ??= compile();
    const module = await this.#module;
    const clock = new CallClock();
    // QuickJS does not know the sizes of its allocations here, so only this limit bounds their sum.
    const maximum = Math.max(PAGES_MIN, Math.ceil((this.memoryBytesMax + OWN_BYTES) / PAGE_BYTES));
    const wasmMemory = new WebAssembly.Memory({ initial: PAGES_MIN, maximum });
    const loaded = newVariant(variant, {
      emscriptenModule: {
        wasmMemory,
        instantiateWasm: (imports, receive) => {
          void WebAssembly.instantiate(module, closedImports(imports, wasmMemory, clock)).then(receive);
          // An empty object means that the instance comes later.
          return {};
        },
      },
    });
    const lacksMemory = watchGrowth(wasmMemory);
    return { quickJs: await newQuickJSWASMModuleFromVariant(loaded), clock, memory: wasmMemory, lacksMemory };
  }
}

/** Returns a function that returns whether the latest attempt to grow the memory failed. */
function watchGrowth(memory: WebAssembly.Memory): () => boolean {
  const grow = memory.grow.bind(memory);
  let hasFailed = false;
  memory.grow = (pages) => {
    hasFailed = true;
    const before = grow(pages);
    hasFailed = false;
    return before;
  };
  return () => hasFailed;
}

async function compile(): Promise<WebAssembly.Module> {
  const wasm = await Bun.file(wasmPath).bytes();
  return WebAssembly.compile(meterLoops(wasm, PAGES_MIN));
}

/** The imports of the module that give it the clock and the time zone of the machine. */
const [CLOCK, LOCAL_TIME, TIME_ZONE] = ["p", "m", "n"] as const;

/** Replaces the imports that show something of the machine. */
function closedImports(
  imports: WebAssembly.Imports,
  memory: WebAssembly.Memory,
  clock: CallClock,
): WebAssembly.Imports {
  return {
    a: {
      ...imports.a,
      [CLOCK]: () => clock.look(),
      [LOCAL_TIME]: (seconds: bigint, to: number) => writeUtc(new Int32Array(memory.buffer), seconds, to),
      [TIME_ZONE]: (offset: number, hasSummerTime: number) => {
        const words = new Int32Array(memory.buffer);
        words[offset >> 2] = 0;
        words[hasSummerTime >> 2] = 0;
      },
    },
  };
}

/** Writes the fields of a `struct tm`, in UTC. */
function writeUtc(words: Int32Array, seconds: bigint, to: number): void {
  const time = new Date(Number(seconds) * 1000);
  const year = time.getUTCFullYear();
  const dayOfYear = Math.floor((time.getTime() - Date.UTC(year, 0, 1)) / 86_400_000);
  const hour = [time.getUTCSeconds(), time.getUTCMinutes(), time.getUTCHours()];
  const date = [time.getUTCDate(), time.getUTCMonth(), year - 1900, time.getUTCDay(), dayOfYear];
  words.set([...hour, ...date, 0, 0], to >> 2);
}
