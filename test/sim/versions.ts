/** The payload versions of the simulation: their downgrades add marks to the payloads of `beginSending`. */

/** Returns a downgrade that adds `mark` to a payload. Other payloads, those of sources, stay as they are. */
export function markingDowngrade(mark: number): string {
  return `function downgrade(payload) {
  if (payload?.roll === undefined) return payload;
  return { ...payload, forms: [...(payload.forms ?? []), ${mark}] };
}`;
}

/** Returns the mark that a downgrade of `markingDowngrade` adds. */
export function markOf(downgrade: string): number {
  return Number(/(\d+)\] \};\n\}$/.exec(downgrade)![1]);
}

interface Marked {
  /** Whether downgrades add marks to the payload. */
  readonly isMarkable: boolean;
  /** The marks, in the order in which they were added. */
  readonly forms: readonly number[];
  /** The payload without marks. */
  readonly original: Uint8Array;
}

/** Returns the marks of a payload, and the payload as it was sent. */
export function marksOf(payload: Uint8Array): Marked {
  const value = parsed(payload) as { readonly roll?: number; readonly forms?: readonly number[] } | null;
  if (value?.roll === undefined) return { isMarkable: false, forms: [], original: payload };
  const { forms = [], ...original } = value;
  if (forms.length === 0) return { isMarkable: true, forms, original: payload };
  return { isMarkable: true, forms, original: Buffer.from(JSON.stringify(original)) };
}

/** Returns the value that code of customers sees: that of the JSON, or the text if it is not JSON. */
function parsed(payload: Uint8Array): unknown {
  const text = Buffer.from(payload).toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Whether code is a program of downgrades, not a transformation. */
export const isDowngrade = (code: string): boolean => code.includes("function downgrade");

/** Runs a program of downgrades, in the interpreter of the tests. */
export async function runDowngrades(
  code: string,
  argument: string,
  payload: Uint8Array,
): Promise<Uint8Array | "unchanged"> {
  const handler = new Function(`${code}\nreturn handler;`)() as (argument: object) => Promise<{ payload: unknown }>;
  const before = parsed(payload);
  const after = (await handler({ ...JSON.parse(argument), payload: before })).payload;
  return after === before ? "unchanged" : Buffer.from(JSON.stringify(after));
}
