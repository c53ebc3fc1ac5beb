import { useState } from "preact/hooks";

/**
 * Forms that have not been saved, by their keys. They outlive a change of the page, so that nothing
 * is lost when the user follows a link; the browser asks before the document itself is left.
 */
const drafts = new Map<string, unknown>();

const ask = (event: Event) => event.preventDefault();

function keep(key: string, value: unknown): void {
  drafts.set(key, value);
  addEventListener("beforeunload", ask);
}

function forget(key: string): void {
  drafts.delete(key);
  if (drafts.size === 0) removeEventListener("beforeunload", ask);
}

/** Forgets all forms, because another user may log in. */
export function forgetDrafts(): void {
  for (const key of drafts.keys()) forget(key);
}

export interface DraftOf<T> {
  readonly value: T;
  /** Whether the value differs from the stored one. */
  readonly isChanged: boolean;
  change(value: T): void;
  /** Returns to the stored value. */
  discard(): void;
}

/** The edited value of a form, which is `stored` until the user changes it. Values are compared as JSON. */
export function useDraft<T>(key: string, stored: T): DraftOf<T> {
  const [value, setValue] = useState<T | null>(() => (drafts.get(key) as T | undefined) ?? null);
  const isChanged = value !== null && JSON.stringify(value) !== JSON.stringify(stored);
  return {
    value: isChanged ? value : stored,
    isChanged,
    change(next) {
      if (JSON.stringify(next) === JSON.stringify(stored)) forget(key);
      else keep(key, next);
      setValue(next);
    },
    discard() {
      forget(key);
      setValue(null);
    },
  };
}
