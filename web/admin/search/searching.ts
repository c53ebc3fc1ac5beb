import { useEffect, useState } from "preact/hooks";
import type { SearchHit } from "../../../src/api/types.ts";
import { getJson, queryOf } from "../api/json.ts";
import { type Item, itemOf, pagesWith } from "./item.ts";
import { recentItems } from "./recent.ts";

/** Time after the last key press before the server is asked. */
const TYPING_PAUSE_MS = 120;
/** Maximum length of a text that the server searches for. The beginning of a longer URL finds it too. */
const TEXT_CHARS_MAX = 256;

export interface Found {
  /** The text for which these items were found. */
  readonly text: string;
  readonly items: readonly Item[];
  readonly problem: string | null;
}

/**
 * Finds the pages and records for a text; without a text the recent items and all pages. What was
 * found before is returned until the server has answered.
 */
export function useFound(text: string): Found {
  const [found, setFound] = useState<Found>(() => withoutText());
  useEffect(() => {
    if (text === "") {
      setFound((before) => (before.text === "" ? before : withoutText()));
      return;
    }
    const stop = new AbortController();
    const search = async () => {
      const pages = pagesWith(text);
      try {
        const path = `/search${queryOf({ q: text.slice(0, TEXT_CHARS_MAX) })}`;
        const { data } = await getJson<{ data: readonly SearchHit[] }>(path, stop.signal);
        setFound({ text, items: [...pages, ...data.map(itemOf)], problem: null });
      } catch (error) {
        if (!stop.signal.aborted) setFound({ text, items: pages, problem: (error as Error).message });
      }
    };
    const timer = setTimeout(search, TYPING_PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text]);
  return found;
}

function withoutText(): Found {
  const recent = recentItems();
  const known = new Set(recent.map(({ href }) => href));
  return { text: "", items: [...recent, ...pagesWith("").filter(({ href }) => !known.has(href))], problem: null };
}
