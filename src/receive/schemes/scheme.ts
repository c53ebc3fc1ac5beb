import type { Cause, Check, ExampleRequest, FetchedKey } from "../receiver.ts";
import type { RequestView } from "../request-view.ts";

/** The configuration of a source, as stored. */
export type SourceConfig = Readonly<Record<string, unknown>>;

/** A scheme with its keys, prepared once per source. Nothing in it throws for any request. */
export interface PreparedScheme {
  /** The names of headers, in lower case, whose value is the secret itself. */
  readonly secretHeaders: readonly string[];
  check(request: RequestView, nowSeconds: number, fetched?: FetchedKey): Check;
  /**
   * Returns a copy of the request that is signed as the provider signs. `url` is the URL that the
   * provider has registered, followed by the query. Null if only the provider has the key.
   */
  readonly sign: ((request: ExampleRequest, url: string, nowSeconds: number) => ExampleRequest) | null;
}

export const passed: Check = { kind: "passed" };

const failures = new Map<Cause, Check>();

/** Returns the result of a failed check. */
export function failed(cause: Cause): Check {
  let check = failures.get(cause);
  if (check === undefined) {
    check = { kind: "failed", cause };
    failures.set(cause, check);
  }
  return check;
}

/** Returns a text of the configuration, or null if it is missing or empty. */
export function configText(config: SourceConfig, name: string): string | null {
  const value = Object.hasOwn(config, name) ? config[name] : undefined;
  return typeof value === "string" && value !== "" ? value : null;
}

/** Returns every secret of a source: `secret`, then the items of `secrets`. */
export function secretsOf(config: SourceConfig): readonly string[] {
  const list = Object.hasOwn(config, "secrets") && Array.isArray(config.secrets) ? config.secrets : [];
  const texts = [configText(config, "secret"), ...list];
  return [...new Set(texts.filter((text): text is string => typeof text === "string" && text !== ""))];
}

/**
 * Returns the window of a source's clock in seconds: `toleranceSeconds` in both directions, or the
 * provider's own window. Infinity means that the time is not checked. Svix calls the field
 * `timestampGraceSeconds`.
 */
export function toleranceOf(config: SourceConfig, past: number, future: number): { past: number; future: number } {
  const value = ["toleranceSeconds", "timestampGraceSeconds"]
    .map((name) => (Object.hasOwn(config, name) ? config[name] : null))
    .find((seconds) => seconds !== null);
  if (typeof value !== "number" || !(value >= 0)) return { past, future };
  return value === 0 ? { past: Infinity, future: Infinity } : { past: value, future: value };
}
