/** A place in code. Lines and columns count from 1. */
export interface CodePlace {
  readonly line: number;
  readonly column: number | null;
}

const PLACE = /^line (\d+)(?:, column (\d+))?: /;

/** Returns the place that a problem of the API begins with, such as `line 3, column 7: …`. */
export function placeOf(problem: string): CodePlace | null {
  const found = PLACE.exec(problem);
  if (found === null) return null;
  return { line: Number(found[1]), column: found[2] === undefined ? null : Number(found[2]) };
}

/** Returns the offset of a place in a text. A place behind the text is its end. */
export function offsetOf(text: string, { line, column }: CodePlace): number {
  let start = 0;
  for (let at = 1; at < line; at++) {
    const end = text.indexOf("\n", start);
    if (end < 0) return text.length;
    start = end + 1;
  }
  const end = text.indexOf("\n", start);
  return Math.min(start + (column ?? 1) - 1, end < 0 ? text.length : end);
}

/** Returns the white space at the beginning of the line in which an offset is, up to the offset. */
export function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))![0];
}
