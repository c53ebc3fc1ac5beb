/**
 * A slow and simple implementation of filters, written from their description: it lists all values at
 * a path and compares them one by one. Payloads are parsed with `JSON.parse`, and numbers are kept as
 * fractions.
 */

/** A number: numerator × 10^exponent. */
class Exact {
  constructor(
    readonly numerator: bigint,
    readonly exponent: number,
  ) {}
}

type Value = null | boolean | string | Exact | Value[] | Map<string, Value>;

export function parseSlowly(text: string): Value {
  const parse = JSON.parse as (
    text: string,
    reviver: (key: string, value: unknown, context: { source: string }) => unknown,
  ) => Value;
  return parse(text, (_, value, { source }) => {
    if (typeof value === "number") return exact(source);
    if (typeof value !== "object" || value === null || value instanceof Exact || Array.isArray(value)) return value;
    return value instanceof Map ? value : new Map(Object.entries(value));
  });
}

function exact(source: string): Exact {
  const [, whole = "", , fraction = "", , exponent = "0"] = /^(-?\d+)(\.(\d+))?([eE]([+-]?\d+))?$/.exec(source)!;
  return new Exact(BigInt(whole + fraction), Number(exponent) - fraction.length);
}

function difference(a: Exact, b: Exact): bigint {
  const least = Math.min(a.exponent, b.exponent);
  const scaled = ({ numerator, exponent }: Exact) => numerator * 10n ** BigInt(exponent - least);
  return scaled(a) - scaled(b);
}

function equal(a: Value, b: Value): boolean {
  if (a instanceof Exact) return b instanceof Exact && difference(a, b) === 0n;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]!));
  if (a instanceof Map) {
    return (
      b instanceof Map && a.size === b.size && [...a].every(([name, item]) => b.has(name) && equal(item, b.get(name)!))
    );
  }
  return a === b;
}

/** Returns all values at a path, without the items of arrays at its end. */
function valuesAt(value: Value, path: readonly string[]): Value[] {
  const [name, ...rest] = path;
  if (name === undefined) return [value];
  if (value instanceof Map) return value.has(name) ? valuesAt(value.get(name)!, rest) : [];
  if (!Array.isArray(value)) return [];
  const found = value.flatMap((item) => (item instanceof Map ? valuesAt(item, path) : []));
  const indexed = /^\d+$/.test(name) ? value[Number(name)] : undefined;
  return indexed === undefined ? found : [...found, ...valuesAt(indexed, rest)];
}

function order(a: Value, b: Value): number | null {
  if (a instanceof Exact && b instanceof Exact) return Number(difference(a, b) > 0n) - Number(difference(a, b) < 0n);
  if (typeof a !== "string" || typeof b !== "string") return null;
  const [left, right] = [[...a].map((c) => c.codePointAt(0)!), [...b].map((c) => c.codePointAt(0)!)];
  const i = left.findIndex((code, at) => code !== right[at]);
  if (i < 0) return left.length === right.length ? 0 : -1;
  return i >= right.length || left[i]! > right[i]! ? 1 : -1;
}

function holds(operator: string, operand: Value, value: Value, options: Value): boolean {
  const compared = order(value, operand);
  switch (operator) {
    case "$eq":
      return equal(value, operand);
    case "$in":
      return (operand as Value[]).some((one) => equal(value, one));
    case "$gt":
      return compared !== null && compared > 0;
    case "$gte":
      return compared !== null && compared >= 0;
    case "$lt":
      return compared !== null && compared < 0;
    case "$lte":
      return compared !== null && compared <= 0;
    case "$startsWith":
      return typeof value === "string" && value.startsWith(operand as string);
    case "$endsWith":
      return typeof value === "string" && value.endsWith(operand as string);
    case "$regex":
      return typeof value === "string" && new RegExp(operand as string, `u${options ?? ""}`).test(value);
    default:
      throw new Error(operator);
  }
}

/** Returns whether the payload fulfils a condition on the values at `path`. Both are parsed. */
export function fulfilsSlowly(payload: Value, condition: Value, path: readonly string[] = []): boolean {
  if (!(condition instanceof Map)) return operatorHolds(payload, path, "$eq", condition, null);
  return [...condition].every(([name, operand]) => {
    if (!name.startsWith("$")) return fulfilsSlowly(payload, operand, [...path, ...name.split(".")]);
    if (name === "$options") return true;
    if (name === "$not") return !fulfilsSlowly(payload, operand, path);
    if (name === "$and") return (operand as Value[]).every((one) => fulfilsSlowly(payload, one, path));
    if (name === "$or") return (operand as Value[]).some((one) => fulfilsSlowly(payload, one, path));
    return operatorHolds(payload, path, name, operand, condition.get("$options") ?? null);
  });
}

function operatorHolds(payload: Value, path: readonly string[], name: string, operand: Value, options: Value): boolean {
  const values = valuesAt(payload, path);
  if (name === "$exists") return values.length > 0 === operand;
  if (name === "$ne") return !operatorHolds(payload, path, "$eq", operand, options);
  if (name === "$nin") return !operatorHolds(payload, path, "$in", operand, options);
  return values
    .flatMap((value) => (Array.isArray(value) ? [value, ...value] : [value]))
    .some((value) => holds(name, operand, value, options));
}
