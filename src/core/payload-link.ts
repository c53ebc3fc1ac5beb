/** Links to the payload of a message: the URLs in thin events, each of which is good for one GET. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { type Seq, timeOfSeq } from "./id.ts";
import { formatInstant } from "./instant.ts";

/** Whether an endpoint gets `full` payloads, or a `reference` with a link to each payload. */
export const payloadModes = ["full", "reference"] as const;
export type PayloadMode = (typeof payloadModes)[number];

/** Time after which a link has expired, in ms. */
export const payloadLinkLifeMs = 86_400_000;
/** Number of random bytes in the key that signs links. */
export const payloadLinkKeyBytes = 32;
/** The path of links. The text of the link follows it. */
export const PAYLOAD_LINK_PATH = "/payload/";

/** A link for one endpoint to the payload of one message. */
export interface PayloadLink {
  /** The number of the link. It contains the time at which the link was made. */
  readonly linkSeq: Seq;
  readonly messageSeq: Seq;
  readonly endpointSeq: Seq;
}

/** A sequence number is less than 2^53, so it takes seven bytes. */
const SEQ_BYTES = 7;
const CONTENT_BYTES = 3 * SEQ_BYTES;
/** Together with the content a multiple of three, so that each link has exactly one base64 form. */
const MAC_BYTES = 15;
const FORM = /^[A-Za-z0-9_-]{48}$/;

/** Returns the text of a link. Without the key, nobody can make one. */
export function payloadLinkText(key: string, { linkSeq, messageSeq, endpointSeq }: PayloadLink): string {
  const bytes = Buffer.alloc(CONTENT_BYTES);
  for (const [index, seq] of [linkSeq, messageSeq, endpointSeq].entries()) writeSeq(bytes, index, seq);
  return Buffer.concat([bytes, macOf(key, bytes)]).toString("base64url");
}

/** Returns the link with this text, or null if the key did not sign it. */
export function parsePayloadLink(key: string, text: string): PayloadLink | null {
  if (!FORM.test(text)) return null;
  const bytes = Buffer.from(text, "base64url");
  const content = bytes.subarray(0, CONTENT_BYTES);
  if (!timingSafeEqual(bytes.subarray(CONTENT_BYTES), macOf(key, content))) return null;
  return { linkSeq: readSeq(content, 0), messageSeq: readSeq(content, 1), endpointSeq: readSeq(content, 2) };
}

/** Returns the time from which a link has expired. */
export function payloadLinkEnd({ linkSeq }: Pick<PayloadLink, "linkSeq">): number {
  return timeOfSeq(linkSeq) + payloadLinkLifeMs;
}

function macOf(key: string, content: Uint8Array): Buffer {
  return createHmac("sha256", key).update(content).digest().subarray(0, MAC_BYTES);
}

// Node writes at most six bytes at once.
function writeSeq(bytes: Buffer, index: number, seq: Seq): void {
  bytes.writeUInt8(Math.floor(seq / 2 ** 48), index * SEQ_BYTES);
  bytes.writeUIntBE(seq % 2 ** 48, index * SEQ_BYTES + 1, 6);
}

function readSeq(bytes: Buffer, index: number): Seq {
  return bytes.readUInt8(index * SEQ_BYTES) * 2 ** 48 + bytes.readUIntBE(index * SEQ_BYTES + 1, 6);
}

/** The message in a thin event. */
export interface ThinMessage {
  readonly id: string;
  readonly eventType: string;
  readonly acceptedAt: number;
}

/** Returns the body of a thin event: `{"id", "eventType", "timestamp", "url"}`. */
export function thinBody({ id, eventType, acceptedAt }: ThinMessage, url: string): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ id, eventType, timestamp: formatInstant(acceptedAt), url }));
}
