import type { Seq } from "../core/id.ts";
import type { FetchedKey, KeyRequest } from "../receive/receiver.ts";

/**
 * Fetches the keys of providers. Implementations cache them, check the address, and limit the fetches
 * for each source.
 */
export interface Keys {
  /** Rejects with `KeyUnavailable` if the key cannot be fetched. */
  readonly fetch: (request: KeyRequest, sourceSeq: Seq) => Promise<FetchedKey>;
  /** Requests a URL that confirms a subscription. Rejects with `KeyUnavailable` without a 2xx. */
  readonly confirm: (url: string, sourceSeq: Seq) => Promise<void>;
}

/** A key could not be fetched. The message says why. */
export class KeyUnavailable extends Error {
  override readonly name = "KeyUnavailable";
}

/** Keys of a program that cannot fetch any. */
export const noKeys: Keys = {
  fetch: () => Promise.reject(new KeyUnavailable("This program cannot fetch keys.")),
  confirm: () => Promise.reject(new KeyUnavailable("This program cannot send requests to providers.")),
};
