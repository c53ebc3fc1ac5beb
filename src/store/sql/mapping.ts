import { type ExactJson, exactText, parseExact } from "../../core/exact-json.ts";
import type { Field, Fields, RecordOf, ValueOf } from "../../core/resources/field.ts";
import type { Storage } from "../../core/resources/value-type.ts";

/** The value of a column. */
type Bound = string | number | null;
export type Row = Readonly<Record<string, Bound>>;

/** Defines how the values of a field are stored in a column. */
interface Codec<V> {
  encode(value: V): Bound;
  decode(stored: Bound): V;
}

interface Column<V> extends Partial<Codec<V>> {
  readonly column: string;
}

/** Columns whose name or encoding differs from the default for their field. */
type Exceptions<F extends Fields> = { readonly [K in keyof F]?: Column<ValueOf<F[K]>> };

/**
 * The SQL of a table and the conversion between rows and records, derived from a resource's fields.
 */
export interface Mapping<R> {
  /** The column list for SELECT: `seq, application_seq AS "applicationSeq", …`. PostgreSQL needs the quotes. */
  readonly columns: string;
  /**
   * Returns an INSERT statement that binds all columns by name. `others` are columns that are not
   * fields of the record.
   */
  insert(...others: readonly string[]): string;
  /** Assignments for UPDATE (`uid = $uid, …`), without columns that never change. */
  readonly assignments: string;
  /** Converts a row to a record. Ignores additional columns. */
  toRecord(row: Row): R;
  toRecordOrNull(row: Row | null): R | null;
  /** Returns bindings for `insert`, `assignments` and conditions on the same fields. */
  toBindings(record: R): Record<string, Bound>;
}

export function mappingOf<F extends Fields>(
  table: string,
  fields: F,
  exceptions: Exceptions<F> = {},
): Mapping<RecordOf<F>> {
  const mapped = Object.entries<Field>(fields)
    .filter(([, { traits }]) => traits.stored)
    .map(([name, { type, fixed = false }]) => ({
      ...codecs[type.storage],
      column: snakeCase(name),
      ...(exceptions[name] as Column<unknown> | undefined),
      name,
      fixed,
    }));
  const list = (of: (field: (typeof mapped)[number]) => string, from = mapped) => from.map(of).join(", ");
  const columns = list(({ column }) => column);
  const toRecord = (row: Row): RecordOf<F> => {
    const record: Record<string, unknown> = {};
    for (const { name, decode } of mapped) record[name] = decode(row[name]!);
    return record as RecordOf<F>;
  };
  return {
    columns: list(({ column, name }) => (column === name ? name : `${column} AS "${name}"`)),
    insert(...others) {
      const values = [...mapped.map(({ name }) => name), ...others].map((name) => `$${name}`);
      return `INSERT INTO ${table} (${[columns, ...others].join(", ")}) VALUES (${values.join(", ")})`;
    },
    assignments: list(
      ({ column, name }) => `${column} = $${name}`,
      mapped.filter(({ fixed }) => !fixed),
    ),
    toRecord,
    toRecordOrNull: (row) => (row === null ? null : toRecord(row)),
    toBindings(record) {
      const values: Readonly<Record<string, unknown>> = record;
      const bindings: Record<string, Bound> = {};
      for (const { name, encode } of mapped) bindings[name] = encode(values[name]);
      return bindings;
    },
  };
}

const plain: Codec<unknown> = { encode: (value) => value as Bound, decode: (stored) => stored };

const codecs: Readonly<Record<Storage, Codec<unknown>>> = {
  integer: plain,
  text: plain,
  boolean: {
    encode: (value) => (value === null ? null : Number(value)),
    decode: (stored) => (stored === null ? null : stored === 1),
  },
  json: {
    encode: (value) => (value === null ? null : JSON.stringify(value)),
    decode: (stored) => (stored === null ? null : JSON.parse(stored as string)),
  },
  exactJson: {
    encode: (value) => (value === null ? null : exactText(value as ExactJson)),
    decode: (stored) => (stored === null ? null : parseExact(stored as string)),
  },
};

/** Converts `throttleRate` to `throttle_rate`. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
