import { useEffect } from "preact/hooks";
import type { EventType } from "../../../src/api/types.ts";
import { memberText } from "../../kit/json.ts";
import { getExampleText } from "../api/event-types.ts";
import { type Draft, indented } from "./draft.ts";

/** Fills in the example of the chosen event type, unless the user has written a payload. */
export function useExample(
  type: EventType | null,
  { isOwn }: Draft,
  onChange: (change: (draft: Draft) => Draft) => void,
): void {
  const name = type?.name ?? null;
  useEffect(() => {
    if (name === null || isOwn) return;
    const stop = new AbortController();
    getExampleText(name, stop.signal).then(
      (text) => {
        const payload = indented(memberText(text, "payload") ?? "{}");
        if (!stop.signal.aborted) onChange((draft) => (draft.isOwn ? draft : { ...draft, payload }));
      },
      () => undefined, // Without an example the user writes the payload.
    );
    return () => stop.abort();
  }, [name]);
}
