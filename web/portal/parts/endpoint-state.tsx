import type { Endpoint } from "../../../src/api/types.ts";
import { Badge } from "../../parts/badge.tsx";
import { Instant } from "../../parts/instant.tsx";

/** In a word: whether the endpoint gets what it should. */
export function EndpointState({ endpoint }: { endpoint: Endpoint }) {
  if (endpoint.disabled) return <Badge tone="idle">disabled</Badge>;
  return (
    <span class="badges">
      {endpoint.paused && <Badge tone="wait">paused</Badge>}
      {endpoint.failingSince !== null && <Badge tone="bad">failing</Badge>}
      {!endpoint.paused && endpoint.failingSince === null && <Badge tone="good">active</Badge>}
    </span>
  );
}

/** In a sentence: what that means, when something is to be known about it. */
export function EndpointNotice({ endpoint: { disabled, paused, failingSince } }: { endpoint: Endpoint }) {
  if (disabled) {
    return <p class="notice">This endpoint is disabled. It gets nothing, and nothing is kept for it meanwhile.</p>;
  }
  return (
    <>
      {paused && <p class="notice notice-wait">Paused: messages are kept, and sent when the endpoint is resumed.</p>}
      {failingSince !== null && (
        <p class="notice notice-bad">
          Every attempt has failed since <Instant at={failingSince} />. Each message is tried again for a while; an
          endpoint that keeps failing for days is disabled.
        </p>
      )}
    </>
  );
}
