/** Where a value is in a file: keys of objects and indices of lists. */
export type Path = readonly (string | number)[];

/** Something that is wrong with a value of a file. */
export interface Fault {
  readonly path: Path;
  readonly msg: string;
}

/** A place in a text. Both numbers start at 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A file cannot be applied. Nothing was changed. The message has one line per fault. */
export class FileInvalid extends Error {
  override readonly name = "FileInvalid";
}

/** Maximum number of faults that a message lists. */
const FAULTS_MAX = 20;

/** Returns the error about a file, with the place of each fault. */
export function fileInvalid(
  file: string,
  faults: ReadonlyArray<{ readonly place: Place; readonly text: string }>,
): FileInvalid {
  const sorted = faults.toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
  const lines = sorted.slice(0, FAULTS_MAX).map(({ place, text }) => `${file}:${place.line}:${place.column}: ${text}`);
  if (faults.length > FAULTS_MAX) lines.push(`${faults.length - FAULTS_MAX} more errors are not shown.`);
  return new FileInvalid(lines.join("\n"));
}

/** Returns a path as text, such as `applications[0].endpoints[1].url`. */
export function pathText(path: Path): string {
  return path
    .map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join("")
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "�");
}
