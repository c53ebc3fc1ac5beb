import type {
  Attempt,
  AttemptDetail,
  Destination,
  ListOf,
  Message,
  MessageCancelled,
  MessageRecipient,
  PrecheckRecipients,
} from "../../../src/api/types.ts";
import { type MessageHead, type Payload, payloadOf } from "../../kit/message.ts";
import { ApiError, call } from "../api.ts";
import { getJson, getPage } from "./json.ts";

/** The requests of the pages that show and send one message. */

const LIMIT = "50";
const LIMIT_MAX = "250";
const NOT_FOUND = 404;
const encode = encodeURIComponent;

export const getMessage = (app: string, message: string, signal: AbortSignal) =>
  getJson<MessageHead>(`${pathOf(app, message)}?with_content=false`, signal);

/** Returns the payload of a message, or null if it is no longer stored. */
export async function getPayload(
  app: string,
  message: string,
  signal: AbortSignal,
): Promise<{ readonly payload: Payload | null }> {
  try {
    const response = await call("GET", `${pathOf(app, message)}/raw`, { signal, accept: "*/*" });
    return { payload: await payloadOf(response) };
  } catch (error) {
    if (error instanceof ApiError && error.status === NOT_FOUND) return { payload: null };
    throw error;
  }
}

export const getDestinations = (app: string, message: string, iterator: string | null, signal: AbortSignal) =>
  getPage<Destination>(
    `${pathOf(app, message)}/endpoint`,
    { limit: LIMIT, iterator, expanded_statuses: "true" },
    signal,
  );

/** Returns the deliveries of a message, of all pages. */
export async function getAllDestinations(app: string, message: string): Promise<readonly Destination[]> {
  const all: Destination[] = [];
  let iterator: string | null = null;
  for (;;) {
    const filters = { limit: LIMIT_MAX, iterator, expanded_statuses: "true" };
    const page: ListOf<Destination> = await getPage(`${pathOf(app, message)}/endpoint`, filters, NEVER);
    all.push(...page.data);
    if (page.done || page.iterator === null) return all;
    iterator = page.iterator;
  }
}

const NEVER = new AbortController().signal;

export const getRecipients = (app: string, message: string, iterator: string | null, signal: AbortSignal) =>
  getPage<MessageRecipient>(`${pathOf(app, message)}/recipients`, { limit: LIMIT_MAX, iterator }, signal);

export const getAttempts = (app: string, message: string, iterator: string | null, signal: AbortSignal) =>
  getPage<Attempt>(`/app/${encode(app)}/attempt/msg/${encode(message)}`, { limit: LIMIT, iterator }, signal);

export const getAttempt = (app: string, message: string, attempt: string, signal: AbortSignal) =>
  getJson<AttemptDetail>(`${pathOf(app, message)}/attempt/${encode(attempt)}`, signal);

export const resend = (app: string, message: string, endpoint: string) =>
  call("POST", `${pathOf(app, message)}/endpoint/${encode(endpoint)}/resend`);

/** Cancels the pending deliveries of a message. Returns their number. */
export async function cancelMessage(app: string, message: string): Promise<number> {
  const response = await call("POST", `${pathOf(app, message)}/cancel`);
  return ((await response.json()) as MessageCancelled).count;
}

/** What a message contains besides its payload. Empty lists and texts are not sent. */
export interface Envelope {
  readonly eventType: string;
  readonly eventId: string;
  readonly channels: readonly string[];
  readonly tags: readonly string[];
}

/** Returns which endpoints of a customer would receive a message. */
export async function precheck(
  app: string,
  { eventType, channels }: Pick<Envelope, "eventType" | "channels">,
  signal: AbortSignal,
): Promise<PrecheckRecipients> {
  const body = JSON.stringify({ eventType, ...(channels.length > 0 && { channels }) });
  const path = `/app/${encode(app)}/msg/precheck/recipients?limit=${LIMIT}`;
  return (await (await call("POST", path, { body, signal })).json()) as PrecheckRecipients;
}

/** Returns the JSON text of a message. The text of the payload is not changed, so big integers stay intact. */
export function messageBody({ eventType, eventId, channels, tags }: Envelope, payload: string): string {
  const envelope = {
    eventType,
    ...(eventId !== "" && { eventId }),
    ...(channels.length > 0 && { channels }),
    ...(tags.length > 0 && { tags }),
  };
  return `${JSON.stringify(envelope).slice(0, -1)},"payload":${payload}}`;
}

/** Sends a message, once for each idempotency key. Returns its id. */
export async function sendMessage(app: string, body: string, key: string): Promise<string> {
  const headers = { "idempotency-key": key };
  const response = await call("POST", `/app/${encode(app)}/msg?with_content=false`, { body, headers });
  return ((await response.json()) as Pick<Message, "id">).id;
}

function pathOf(app: string, message: string): string {
  return `/app/${encode(app)}/msg/${encode(message)}`;
}
