import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./binary.ts";

const PAGES = join(ROOT, "web/guide/pages");

/** Returns the blocks of code in this language on a page of the guide, such as `running`. */
export async function guideBlocks(page: string, language: string): Promise<string[]> {
  const text = await guideText(page);
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, of]) => of === language)
    .map(([, , code]) => code!);
}

/** Replaces every occurrence of each text. Throws if there is none, because the guide has changed. */
export function replaced(text: string, ...changes: ReadonlyArray<readonly [from: string, to: string]>): string {
  return changes.reduce((result, [from, to]) => {
    if (!result.includes(from)) throw new Error(`The guide lacks ${from}.`);
    return result.replaceAll(from, to);
  }, text);
}

/** Returns the names of the guide's pages that are written as Markdown. */
export function guidePageNames(): string[] {
  return readdirSync(PAGES).map((file) => file.replace(/\.md$/, ""));
}

export function guideText(page: string): Promise<string> {
  return Bun.file(join(PAGES, `${page}.md`)).text();
}
