/** Two lines of a page, between which a script writes. */
export interface Markers {
  readonly start: string;
  readonly end: string;
}

/** The markers of the only generated table of a page of the guide. */
export const PAGE_TABLE: Markers = { start: "[//]: # (table)", end: "[//]: # (end of table)" };

/** Returns the text with new content between the markers. Throws if the text lacks one of them. */
export function withContent(text: string, { start, end }: Markers, content: string): string {
  const first = text.indexOf(start);
  const last = text.indexOf(end, first);
  if (first < 0 || last < 0) throw new Error(`The page lacks the markers ${start} and ${end}.`);
  return `${text.slice(0, first + start.length)}\n\n${content}\n\n${text.slice(last)}`;
}
