import type { IdCodec } from "../../core/id.ts";
import type { Environment, Store } from "../../store/index.ts";

/** Where requests go that name no environment. */
export const defaultEnvironment = "default";

/** What ids of environments begin with, and so the names of those that come from JWTs; no other name does. */
export const environmentPrefix = "org_";

/** The environment with this id or name. */
export function findEnvironment(store: Store, ids: IdCodec, text: string): Promise<Environment | null> {
  const seq = ids.decode(environmentPrefix, text);
  return seq === null ? store.configuration.environments.named(text) : store.configuration.environments.get(seq);
}
