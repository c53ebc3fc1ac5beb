import type { Clock } from "../../../ports.ts";

/** Maximum number of statements of one kind that run at once. */
const STATEMENTS_MAX = 2;

interface Call<Input, Output> {
  readonly input: Input;
  resolve(output: Output): void;
  reject(error: unknown): void;
}

export interface GatheredParts<Input, Output> {
  readonly clock: Pick<Clock, "soon">;
  /** Reads with one statement. Returns the outputs in the order of the inputs. */
  readonly read: (inputs: readonly Input[]) => Promise<readonly Output[]>;
  /** Maximum sum of the sizes of the inputs of one statement. A single input may be larger. */
  readonly sizeMax: number;
  readonly sizeOf: (input: Input) => number;
}

/**
 * Reads for many calls with one statement. Calls of the same turn of the event loop share a statement, and so
 * do those that come while others are read. A statement costs PostgreSQL and this process more than the few
 * rows that one lane needs.
 */
export class Gathered<Input, Output> {
  #calls: Call<Input, Output>[] = [];
  #running = 0;

  constructor(private readonly parts: GatheredParts<Input, Output>) {}

  read(input: Input): Promise<Output> {
    return new Promise<Output>((resolve, reject) => {
      this.#calls.push({ input, resolve, reject });
      if (this.#running < STATEMENTS_MAX) void this.#readCalls();
    });
  }

  async #readCalls(): Promise<void> {
    this.#running++;
    await new Promise<void>((resolve) => this.parts.clock.soon(resolve));
    while (this.#calls.length > 0) await this.#readTogether(this.#takeNext());
    this.#running--;
  }

  async #readTogether(calls: ReadonlyArray<Call<Input, Output>>): Promise<void> {
    try {
      const outputs = await this.parts.read(calls.map(({ input }) => input));
      for (const [i, { resolve }] of calls.entries()) resolve(outputs[i]!);
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }

  #takeNext(): ReadonlyArray<Call<Input, Output>> {
    const { sizeMax, sizeOf } = this.parts;
    let [size, count] = [0, 0];
    while (count < this.#calls.length) {
      size += sizeOf(this.#calls[count]!.input);
      if (count > 0 && size > sizeMax) break;
      count++;
    }
    return this.#calls.splice(0, count);
  }
}
