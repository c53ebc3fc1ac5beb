/** The payload versions of the simulation: their downgrades add marks to the payloads of `beginSending`. */

/**
 * Returns a downgrade that adds `mark` to a payload, and throws if the payload's `roll` is below
 * `throwsBelow`. Other payloads, those of sources, stay as they are.
 */
export function markingDowngrade(mark: number, throwsBelow = 0): string {
  return `function downgrade(payload) {
  if (payload?.roll === undefined) return payload;
  if (payload.roll < ${throwsBelow}) throw new Error("The payload has no earlier form.");
  return { ...payload, forms: [...(payload.forms ?? []), ${mark}] };
}`;
}

/** Returns the `throwsBelow` of a downgrade of `markingDowngrade`. */
export function throwsBelowOf(downgrade: string): number {
  return Number(/payload\.roll < (\S+)\)/.exec(downgrade)![1]);
}

/** Returns the mark that a downgrade of `markingDowngrade` adds. */
export function markOf(downgrade: string): number {
  return Number(/(\d+)\] \};\n\}$/.exec(downgrade)![1]);
}

interface Marked {
  /** The `roll` of the payload. Null if downgrades do not change the payload. */
  readonly roll: number | null;
  /** The marks, in the order in which they were added. */
  readonly forms: readonly number[];
  /** The payload without marks. */
  readonly original: Uint8Array;
}

/** Returns the marks of a payload, and the payload as it was sent. */
export function marksOf(payload: Uint8Array): Marked {
  const value = parsedAsCodeSees(payload) as { readonly roll?: number; readonly forms?: readonly number[] } | null;
  if (value?.roll === undefined) return { roll: null, forms: [], original: payload };
  const { forms = [], ...original } = value;
  if (forms.length === 0) return { roll: value.roll, forms, original: payload };
  return { roll: value.roll, forms, original: Buffer.from(JSON.stringify(original)) };
}

/** Returns the value that code of customers sees: that of the JSON, or the text if it is not JSON. */
export function parsedAsCodeSees(payload: Uint8Array): unknown {
  const text = Buffer.from(payload).toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Whether code is a program of downgrades, not a transformation. */
export const isDowngrade = (code: string): boolean => code.includes("function downgrade");

/** Runs a program of downgrades, in the interpreter of the tests. Rejects if a downgrade throws. */
export async function runDowngrades(code: string, argument: string, payload: unknown): Promise<unknown> {
  const handler = new Function(`${code}\nreturn handler;`)() as (argument: object) => Promise<{ payload: unknown }>;
  return (await handler({ ...JSON.parse(argument), payload })).payload;
}
