import { formatCount } from "./format.ts";

/** Returns a count with its word, such as `1 message` or `1,204 messages`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

const NAMES_MAX = 5;

/** Returns names as a list, of which only the first few are named: `a, b, c and 7 more`. */
export function listed(names: readonly string[]): string {
  if (names.length <= NAMES_MAX + 1) return names.join(", ");
  return `${names.slice(0, NAMES_MAX).join(", ")} and ${formatCount(names.length - NAMES_MAX)} more`;
}
