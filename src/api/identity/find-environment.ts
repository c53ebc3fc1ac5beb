import { environmentPrefix } from "../../core/environment.ts";
import type { IdCodec } from "../../core/id.ts";
import { notFound, type Problem } from "../../core/problem.ts";
import type { Environment, Store } from "../../store/index.ts";

/** Returns the environment with this id or name, or null. */
export function findEnvironment(store: Store, ids: IdCodec, text: string): Promise<Environment | null> {
  const seq = ids.decode(environmentPrefix, text);
  return seq === null ? store.configuration.environments.named(text) : store.configuration.environments.get(seq);
}

export function noEnvironment(): Problem {
  return notFound("Environment not found");
}
