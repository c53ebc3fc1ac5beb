import type { ComponentType, VNode } from "preact";
import { match, type ParamsOf } from "./address.ts";

/** A page: the pattern of its path, its title, and the component that shows it. */
export interface PageEntry {
  readonly pattern: string;
  readonly title: string;
  /** The operation without which the page is of no use; null if there is none. */
  readonly operation: string | null;
  render(params: Readonly<Record<string, string>>): VNode;
}

/**
 * Declares a page. The component gets the parameters of the pattern as properties. `operation` is the
 * operation of the API without which the page is of no use.
 */
export function page<Pattern extends string>(
  pattern: Pattern,
  title: string,
  Page: ComponentType<ParamsOf<Pattern>>,
  operation: string | null = null,
): PageEntry {
  return {
    pattern,
    title,
    operation,
    // A page of another item is a new page: it must not keep the state of the previous one.
    render: (params) => <Page key={Object.values(params).join("/")} {...(params as ParamsOf<Pattern> & object)} />,
  };
}

export interface FoundPage {
  readonly entry: PageEntry;
  readonly params: Readonly<Record<string, string>>;
}

/** Returns the first page whose pattern fits the path, or null. */
export function findPage(pages: readonly PageEntry[], path: readonly string[]): FoundPage | null {
  for (const entry of pages) {
    const params = match(entry.pattern, path);
    if (params !== null) return { entry, params };
  }
  return null;
}
