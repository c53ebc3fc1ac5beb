import type { Parameter, Queries } from "../connection/database.ts";

/** The part of a statement that one opening adds. Its parameters are `$1`, `$2` … */
export interface OpeningSql {
  /** Common table expressions by their names. They see the tables as they were before the statement. */
  readonly steps: Readonly<Record<string, string>>;
  /** Expressions by the names of the columns that they become. */
  readonly results: Readonly<Record<string, string>>;
}

/**
 * What can be done in the statement with which a transaction begins. Every statement costs PostgreSQL and
 * this process as much as several messages, so the frequent writes of a commit share one. Steps and results of
 * different openings have different names.
 */
export interface Opening {
  /** Always the same object for the same SQL. */
  readonly sql: OpeningSql;
  readonly parameters: readonly Parameter[];
}

/** The row with the results of all openings of a statement. */
export type Opened = object;

/** Runs openings as one statement. */
export async function open(queries: Queries, openings: readonly Opening[]): Promise<Opened> {
  const text = textOf(openings.map(({ sql, parameters }) => ({ sql, count: parameters.length })));
  const row = await queries.first<Opened>(
    text,
    openings.flatMap(({ parameters }) => parameters),
  );
  return row!;
}

interface Part {
  readonly sql: OpeningSql;
  /** Number of parameters. */
  readonly count: number;
}

interface Known {
  readonly text: string;
  readonly longer: WeakMap<OpeningSql, Known>;
}

/** The texts of the statements that were made, by their parts in order. */
const known: Known["longer"] = new WeakMap();

function textOf(parts: readonly Part[]): string {
  let longer = known;
  let found: Known | undefined;
  for (let i = 0; i < parts.length; i++) {
    const { sql } = parts[i]!;
    found = longer.get(sql);
    if (found === undefined) {
      found = { text: joined(parts.slice(0, i + 1)), longer: new WeakMap() };
      longer.set(sql, found);
    }
    longer = found.longer;
  }
  return found!.text;
}

/** Throws if two openings use the same name. PostgreSQL would return only one of two results with equal names. */
function refuseEqual(names: readonly string[]): void {
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined) throw new Error(`Two openings of a statement use the name ${repeated}.`);
}

function joined(parts: readonly Part[]): string {
  const steps: string[] = [];
  const results: string[] = [];
  let before = 0;
  refuseEqual(parts.flatMap(({ sql }) => Object.keys(sql.steps)));
  refuseEqual(parts.flatMap(({ sql }) => Object.keys(sql.results)));
  for (const { sql, count } of parts) {
    const offset = before;
    const numbered = (text: string) => text.replace(/\$(\d+)/g, (_, number: string) => `$${Number(number) + offset}`);
    for (const [name, step] of Object.entries(sql.steps)) steps.push(`${name} AS (${numbered(step)})`);
    for (const [name, result] of Object.entries(sql.results)) results.push(`${numbered(result)} AS "${name}"`);
    before += count;
  }
  return `WITH ${steps.join(",\n")}\nSELECT ${results.length === 0 ? "1" : results.join(",\n")}`;
}
