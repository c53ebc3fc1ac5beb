import { formatCount } from "./format.ts";

/** Returns a count with its word, such as `1 message` or `1,204 messages`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}
