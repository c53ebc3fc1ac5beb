import { environmentPrefix } from "../../core/environment.ts";
import type { IdCodec } from "../../core/id.ts";
import { Problem } from "../../core/problem.ts";
import type { Environment, Store } from "../../store/index.ts";

/** Returns the environment with this id or name, or null. */
export function findEnvironment(store: Store, ids: IdCodec, text: string): Promise<Environment | null> {
  const seq = ids.decode(environmentPrefix, text);
  return seq === null ? store.configuration.environments.named(text) : store.configuration.environments.get(seq);
}

/**
 * Returns the problem that the environment of a request does not exist. It has a code of its own, because
 * `not_found` may also mean that this version does not have the route.
 */
export function noEnvironment(): Problem {
  return new Problem(404, "environment_not_found", "Environment not found");
}
