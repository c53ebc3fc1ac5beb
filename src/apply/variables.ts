/**
 * Variables in the texts of a file. `${NAME}` stands for a variable of the environment, and `$${NAME}`
 * for the text `${NAME}` itself: of two or more dollar signs, one is removed.
 */
import type { Path } from "./faults.ts";
import { KINDS } from "./kinds.ts";

const VARIABLE = /(\$+)\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the text with the values of its variables. Calls `missing` for each variable that is not set. */
export function expanded(text: string, environment: Environment, missing: (name: string) => void): string {
  return text.replace(VARIABLE, (all, dollars: string, name: string) => {
    if (dollars.length > 1) return all.slice(1);
    const value = environment[name];
    if (value === undefined) missing(name);
    return value ?? "";
  });
}

/** Returns the text that expands to `text`. */
export function escaped(text: string): string {
  return text.replace(VARIABLE, (all) => `$${all}`);
}

/** Returns whether a value is code. Code has no variables, because templates of JavaScript look like them. */
export function isCode(path: Path): boolean {
  const [list, , name] = path;
  if (list === KINDS.payloadVersion.list) return name === "downgrade" && path.length === 3;
  const [object, field] = path.slice(-2);
  return list !== KINDS.eventType.list && path.length === 6 && isCodeObject(object) && field === "code";
}

function isCodeObject(name: string | number | undefined): boolean {
  return name === "transformation" || name === "function";
}
