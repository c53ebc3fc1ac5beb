import type { Seq } from "../core/id.ts";
import type { Endpoint, Key } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import {
  createEndpoint,
  type EndpointChange,
  type EndpointSettings,
  type NewEndpoint,
  putEndpoint,
} from "./endpoints.ts";
import type { FoundOrCreated } from "./find-or-create.ts";
import { onlyOperationalEventTypes } from "./subscriptions.ts";

/**
 * Operational webhooks are delivered to the endpoints of a hidden application, which is created
 * together with the first of these endpoints. Only operators create them, so they need no challenge.
 */

type Parts = Pick<
  CommandContext,
  "store" | "seqs" | "clock" | "random" | "facts" | "signals" | "operational" | "limits" | "sandbox"
>;

/** Creates an endpoint for an environment's operational webhooks. Throws like `createEndpoint`. */
export async function createOperationalEndpoint(
  parts: Parts,
  environmentSeq: Seq,
  wanted: Omit<NewEndpoint, "applicationSeq">,
): Promise<Endpoint> {
  const { seq: applicationSeq } = await parts.operational.ensureApplication(environmentSeq);
  return createEndpoint(
    { ...parts, quotas: null, challenges: null },
    { ...wanted, applicationSeq },
    onlyOperationalEventTypes,
  );
}

/**
 * Changes or creates an endpoint for an environment's operational webhooks. Throws like
 * `putEndpoint`.
 */
export async function putOperationalEndpoint(
  parts: Parts,
  environmentSeq: Seq,
  key: Key,
  wanted: { readonly settings: EndpointSettings | null; readonly change: EndpointChange },
): Promise<FoundOrCreated<Endpoint>> {
  const { seq: applicationSeq } = await parts.operational.ensureApplication(environmentSeq);
  return putEndpoint(
    { ...parts, quotas: null, challenges: null },
    key,
    { ...wanted, applicationSeq },
    onlyOperationalEventTypes,
  );
}
