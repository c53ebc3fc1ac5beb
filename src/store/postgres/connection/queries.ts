import type { SQL } from "bun";
import { type Bindings, type Parameter, positional, positionalText } from "./parameters.ts";

/** Runs statements. A number of the type `bigint` is returned as a JavaScript number. */
export interface Queries {
  /** `sql` has the parameters `$1`, `$2` …, or `$name` if the parameters are an object. */
  all<Row>(sql: string, parameters?: readonly Parameter[] | Bindings): Promise<Row[]>;
  /** Returns the first row, or null. */
  first<Row>(sql: string, parameters?: readonly Parameter[] | Bindings): Promise<Row | null>;
  /** Returns the number of rows that the statement has changed. */
  run(sql: string, parameters?: readonly Parameter[] | Bindings): Promise<number>;
}

type Client = Pick<SQL, "unsafe">;
export type Result = Record<string, unknown>[] & {
  readonly count: number;
  readonly command: string;
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: number }>;
};

/** The OIDs of the types whose values are converted. */
const [INT8, BYTEA] = [20, 17];

/** Returns the rows as a plain array, with `bigint` as numbers and `bytea` as plain arrays of bytes. */
function converted<Row>(result: Result): Row[] {
  const rows = Array.from(result);
  if (rows.length === 0) return rows as Row[];
  for (const { name, type } of result.columns) {
    if (type === INT8) {
      for (const row of rows) if (row[name] !== null) row[name] = Number(row[name]);
    } else if (type === BYTEA) {
      for (const row of rows) if (row[name] !== null) row[name] = plainBytes(row[name] as Uint8Array);
    }
  }
  return rows as Row[];
}

function plainBytes({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const hasNul = (value: Parameter): boolean => typeof value === "string" && value.includes("\0");

/**
 * Replaces the character NUL, which no text in PostgreSQL can contain, with U+FFFD. The API refuses it in
 * names and descriptions, and JSON texts have an escape for it. What remains are texts that others sent,
 * such as a reason in a response, and texts to look up, which then match nothing.
 */
function storable(values: readonly Parameter[]): readonly Parameter[] {
  if (!values.some(hasNul)) return values;
  return values.map((value) => (typeof value === "string" ? value.replaceAll("\0", "\ufffd") : value));
}

/** Begins a statement at once, so that statements of one turn of the event loop share a round trip. */
export function execute(client: Client, sql: string, parameters: readonly Parameter[] | Bindings): Promise<Result> {
  const { text, values } = Array.isArray(parameters)
    ? { text: sql, values: parameters as readonly Parameter[] }
    : positional(sql, parameters as Bindings);
  return client.unsafe(text, storable(values) as Parameter[]).execute() as unknown as Promise<Result>;
}

/** Returns the text of a statement that PostgreSQL gets. */
export const sentText = (sql: string, parameters: readonly Parameter[] | Bindings): string =>
  Array.isArray(parameters) ? sql : positionalText(sql);

export function queriesOf(run: (sql: string, parameters: readonly Parameter[] | Bindings) => Promise<Result>): Queries {
  return {
    all: async <Row>(sql: string, parameters: readonly Parameter[] | Bindings = []) =>
      converted<Row>(await run(sql, parameters)),
    first: async <Row>(sql: string, parameters: readonly Parameter[] | Bindings = []) =>
      converted<Row>(await run(sql, parameters))[0] ?? null,
    run: async (sql, parameters = []) => (await run(sql, parameters)).count,
  };
}
