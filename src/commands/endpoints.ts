import type { Seq } from "../core/id.ts";
import { conflict, notFound, type Problem } from "../core/problem.ts";
import type { Endpoint } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { endpointCreated, endpointDeleted, endpointUpdated } from "./publish.ts";

type Parts = Pick<CommandContext, "store" | "clock" | "facts" | "signals">;

/** Stores a new endpoint with its signing secret. Returns false when its uid is taken. */
export async function createEndpoint(parts: Parts, endpoint: Endpoint, secret: string): Promise<boolean> {
  if (!(await parts.store.configuration.endpoints.create(endpoint, secret))) return false;
  endpointCreated(parts, endpoint);
  return true;
}

/**
 * Lays what `change` returns over the endpoint as it is in the store. Enabling it again clears `failingSince`. Throws 404
 * when the endpoint no longer exists, 409 when the uid is taken, and what `change` throws.
 */
export async function changeEndpoint(
  parts: Parts,
  seq: Seq,
  change: (before: Endpoint) => Partial<Endpoint>,
): Promise<Endpoint> {
  const updatedAt = parts.clock.now();
  const update = await parts.store.configuration.endpoints.update(seq, (before) => {
    const after = { ...before, ...change(before) };
    const failingSince = before.disabled && !after.disabled ? null : before.failingSince;
    return { ...after, failingSince, updatedAt };
  });
  if (update === "gone") throw notFound("Endpoint not found");
  if (update === "taken") throw endpointUidTaken();
  endpointUpdated(parts, update.before, update.after);
  return update.after;
}

/** Deletes an endpoint and cancels its pending deliveries; its uid becomes free. */
export async function deleteEndpoint(parts: Parts, endpoint: Pick<Endpoint, "seq" | "applicationSeq">): Promise<void> {
  await parts.store.configuration.endpoints.delete(endpoint.seq, parts.clock.now());
  endpointDeleted(parts, endpoint);
}

export function endpointUidTaken(): Problem {
  return conflict("An endpoint with that id or uid already exists");
}
