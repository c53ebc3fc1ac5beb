import { Problem } from "../core/problem.ts";
import { generateSecret, secretBytes } from "../core/signature.ts";
import type { Endpoint } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { endpointUpdated } from "./publish.ts";

export interface Rotation {
  /** A valid signing secret, or null to generate one. */
  readonly secret: string | null;
  /** How long the old secret continues to sign, in ms. */
  readonly graceMs: number;
}

/**
 * Replaces an endpoint's signing secret. Returns the new secret. Throws 400 and changes nothing if
 * too many old secrets still sign.
 */
export async function rotateSecret(
  parts: Pick<CommandContext, "store" | "clock" | "random" | "facts" | "signals">,
  endpoint: Endpoint,
  { secret, graceMs }: Rotation,
): Promise<string> {
  const fresh = secret ?? generateSecret(parts.random.bytes(secretBytes));
  const now = parts.clock.now();
  if (!(await parts.store.configuration.endpoints.rotateSecret(endpoint.seq, fresh, now, now + graceMs))) {
    throw new Problem(
      400,
      "limit_reached",
      "Ten old secrets of this endpoint are still valid, which is the maximum. Wait until one expires.",
    );
  }
  endpointUpdated(parts, endpoint, endpoint);
  return fresh;
}
