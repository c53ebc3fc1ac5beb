/** The links in thin events. */
import type { Seq } from "../core/id.ts";
import { type PayloadLink, parsePayloadLink, payloadLinkEnd } from "../core/payload-link.ts";
import { planVersions, versionHeaders } from "../core/payload-version.ts";
import { conflict, gone, notFound, Problem } from "../core/problem.ts";
import type { EndpointEntry } from "../store/directory.ts";
import type { Message } from "../store/index.ts";
import { runDowngrades } from "../targets/downgrade-run.ts";
import type { CommandContext } from "./context.ts";

type Parts = Pick<CommandContext, "store" | "clock" | "directory" | "sandbox">;

/** A payload as a delivery with the payload would contain it now. */
export interface LinkedPayload {
  readonly payload: Uint8Array;
  /** Null if the sender of a received message stated none. */
  readonly contentType: string | null;
  /** The headers of the payload version. */
  readonly headers: Readonly<Record<string, string>>;
  readonly applicationSeq: Seq;
}

/** Returns the link with this text. Throws 404 if this server did not make it. */
export function knownLink({ store }: Pick<Parts, "store">, text: string): PayloadLink {
  const link = parsePayloadLink(store.payloadLinkKey, text);
  if (link === null) throw notFound("No such payload. Use the URL exactly as it is in the thin event.");
  return link;
}

/**
 * Returns the payload of a link. Throws 410 if the link has expired or has been used, or if the
 * payload, the message, the endpoint or its application no longer exists. Throws 409 or 503 if the
 * payload cannot be brought into the version of the endpoint. `maxBodyBytes` limits what downgrades
 * make of it.
 */
export async function readPayloadLink(parts: Parts, link: PayloadLink, maxBodyBytes: number): Promise<LinkedPayload> {
  const { payloadLinks } = parts.store.history;
  if (payloadLinkEnd(link) <= parts.clock.now()) throw gone("This URL has expired. It is good for 24 hours.");
  const entry = await parts.directory.endpoint(link.endpointSeq);
  if (entry === null || entry.endpoint.deleted) throw gone("The endpoint to which this URL was sent was deleted.");
  if (await payloadLinks.isUsed(link.linkSeq)) throw used();
  const message = await parts.store.history.messages.get(link.messageSeq);
  if (message === null || message.payload === null) throw gone("The payload of this message is no longer stored.");
  return asDelivered(parts, entry, { ...message, payload: message.payload }, maxBodyBytes);
}

/** Uses a link up. Throws 410 if it has been used. */
export async function usePayloadLink({ store }: Pick<Parts, "store">, { linkSeq }: PayloadLink): Promise<void> {
  if (!(await store.history.payloadLinks.use(linkSeq))) throw used();
}

function used(): Problem {
  return gone("This URL has been used. It is good for one GET; each attempt of the delivery has a new one.");
}

const JSON_TYPE = "application/json";

/** Returns the payload in the version of the endpoint. */
async function asDelivered(
  { sandbox, clock }: Parts,
  { endpoint, payloadVersions }: EndpointEntry,
  { seq, eventType, payload, contentType, received }: Message & { readonly payload: Uint8Array },
  maxBodyBytes: number,
): Promise<LinkedPayload> {
  const plan = planVersions(payloadVersions, endpoint.apiVersion, { seq, eventType });
  const downgradeParts = { sandbox, maxBodyBytes, now: clock.now() };
  const result = await runDowngrades(downgradeParts, endpoint, { seq, eventType, payload }, plan);
  if (result.kind === "shortage") throw new Problem(503, "unavailable", "The server is busy. Try again later.", 1);
  if (result.kind === "problem")
    throw conflict(`A downgrade of the payload failed: ${result.detail}`, "downgrade_failed");
  return {
    payload: result.payload ?? payload,
    contentType: contentType ?? (received === null ? JSON_TYPE : null),
    headers: plan.delivered === null ? {} : Object.fromEntries(versionHeaders(plan.delivered)),
    applicationSeq: endpoint.applicationSeq,
  };
}
