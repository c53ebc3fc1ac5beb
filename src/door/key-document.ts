import type { FetchedKey, KeyRequest } from "../receive/receiver.ts";
import { KeyUnavailable } from "./keys.ts";

/** A fetched document that has the form of its kind. */
export interface KeyDocument {
  readonly text: FetchedKey;
  /** Returns whether the document may contain the key with this identifier. */
  mayContain(keyId: string | null): boolean;
}

/** Returns a document. Throws `KeyUnavailable` if the text is no document of the kind. */
export function documentOf({ kind, url, post }: KeyRequest, text: string): KeyDocument {
  if (kind === "certificate") {
    if (!text.includes("-----BEGIN CERTIFICATE-----")) throw invalid(url);
    return { text, mayContain: () => true };
  }
  const value = parsed(text);
  if (typeof value !== "object" || value === null) throw invalid(url);
  // The identifier of the key was a part of the request.
  if (post !== undefined) return { text, mayContain: () => true };
  const { keys } = value as { readonly keys?: unknown };
  if (!Array.isArray(keys)) throw invalid(url);
  const ids = new Set(keys.map((key: unknown) => (key as { readonly kid?: unknown } | null)?.kid));
  return { text, mayContain: (keyId) => keyId === null || ids.has(keyId) || ids.has(undefined) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function invalid(url: string): KeyUnavailable {
  const { origin, pathname } = new URL(url);
  return new KeyUnavailable(`The response of ${origin}${pathname} is not the expected document.`);
}
