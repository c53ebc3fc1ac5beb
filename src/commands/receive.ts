import { Problem } from "../core/problem.ts";
import type { Cause, DoorReply, ReceivedState } from "../core/received.ts";
import { count } from "../door/count.ts";
import { KeyUnavailable } from "../door/keys.ts";
import type { SourceEntry } from "../door/source-directory.ts";
import type { Check, Handshake, ReceivedRequest, Receiver } from "../receive/receiver.ts";
import { RequestView } from "../receive/request-view.ts";
import type { ReceiveParts } from "./receive-parts.ts";
import {
  type DoorRequest,
  methodNotAllowed,
  notVerified,
  payloadTooLarge,
  refuse,
  withoutSecret,
} from "./receive-refusal.ts";
import { storeReceived } from "./receive-storing.ts";
import { captureSecret } from "./source-secrets.ts";

const noBytes = new Uint8Array(0);
const KEY_RETRY_AFTER_SECONDS = 30;

/** How a request fared: its state, and the cause if the state is `failed`. */
interface Verdict {
  readonly state: ReceivedState;
  readonly cause: Cause | null;
}

/**
 * Receives a request at the URL of a source and returns the response. Resolves after the message is
 * stored, but does not wait for consumers. Reads the body only if the method is allowed.
 *
 * Throws a problem if the body cannot be read, and 503 if a key that the check needs cannot be
 * fetched.
 */
export async function receive(
  parts: ReceiveParts,
  entry: SourceEntry,
  request: DoorRequest,
  readBody: () => Promise<Uint8Array> | Uint8Array,
): Promise<DoorReply> {
  const { receiver, source, url } = entry;
  const { method, suffix, query, headers } = request;
  if (receiver.methods !== null && !receiver.methods.has(method)) {
    return refuse(parts, entry, request, noBytes, methodNotAllowed(receiver.methods));
  }
  let body: Uint8Array;
  try {
    body = await readBody();
  } catch (error) {
    if (isTooLarge(error)) await refuse(parts, entry, request, noBytes, payloadTooLarge());
    throw error;
  }
  const view = new RequestView({ method, url: url + suffix + query, suffix, query, headers, body });
  const handshake = receiver.handshake(view, nowSeconds(parts));
  if (handshake !== null) return answerHandshake(parts, entry, request, { view, handshake });
  const verdict = verdictOf(parts, entry, view);
  const { state, cause } = verdict instanceof Promise ? await verdict : verdict;
  if (cause !== null && source.verification === "enforce") {
    return refuse(parts, entry, request, body, notVerified(cause, receiver, null));
  }
  return storeReceived(parts, entry, request, { view, state, cause });
}

/** Answers a handshake, which is neither stored nor limited by the source's rate. */
async function answerHandshake(
  parts: ReceiveParts,
  entry: SourceEntry,
  request: DoorRequest,
  { view, handshake }: { readonly view: RequestView; readonly handshake: Handshake },
): Promise<DoorReply> {
  const { source } = entry;
  const isChecked = handshake.isSigned && source.verification !== "off";
  const cause = handshake.refused ?? (isChecked ? (await checked(parts, entry, view)).cause : null);
  if (cause !== null) return refuseHandshake(parts, entry, request, { view, handshake, cause });
  const { capture: secret, confirm, reply } = handshake;
  if (secret !== undefined) {
    // The operator must copy a secret to the sender that the response does not confirm.
    const isShown = !Object.values(reply.headers).includes(secret);
    const isCaptured = await captureSecret(parts, source.seq, { secret, isShown });
    if (!isCaptured) return refuseHandshake(parts, entry, request, { view, handshake, cause: "unknown_key" });
  }
  if (confirm !== undefined) await unlessUnavailable(parts, entry, parts.keys.confirm(confirm, source.seq));
  count(parts, entry, "handshake");
  return reply;
}

/** Refuses a handshake. A secret in it is not logged: the sender may be the right one. */
function refuseHandshake(
  parts: ReceiveParts,
  entry: SourceEntry,
  request: DoorRequest,
  { view, handshake, cause }: { readonly view: RequestView; readonly handshake: Handshake; readonly cause: Cause },
): Promise<DoorReply> {
  const refusal = notVerified(cause, entry.receiver, handshake);
  const { unlogged } = handshake;
  if (unlogged === undefined) return refuse(parts, entry, request, view.body, refusal);
  const headers = withoutSecret(request.headers, unlogged);
  const body = Object.values(request.headers).includes(unlogged) ? view.body : noBytes;
  return refuse(parts, entry, { ...request, headers }, body, refusal);
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Problem && error.status === 413;
}

/** Returns a promise only if a key must be fetched. */
function verdictOf(parts: ReceiveParts, entry: SourceEntry, request: ReceivedRequest): Verdict | Promise<Verdict> {
  if (entry.source.verification === "off") return { state: "unattempted", cause: null };
  return checked(parts, entry, request);
}

/** Returns the result of the check, whether or not the source demands one. */
function checked(parts: ReceiveParts, entry: SourceEntry, request: ReceivedRequest): Verdict | Promise<Verdict> {
  const { receiver } = entry;
  if (receiver.awaitsSecret) return { state: "failed", cause: "missing_signature" };
  const check = receiver.check(request, nowSeconds(parts));
  if (check.kind !== "needs-key") return verdictFrom(check, receiver);
  return unlessUnavailable(parts, entry, parts.keys.fetch(check.key, entry.source.seq)).then((key) =>
    verdictFrom(receiver.check(request, nowSeconds(parts), key), receiver),
  );
}

function verdictFrom(check: Check, { state }: Receiver): Verdict {
  if (check.kind === "passed") return { state: check.state ?? state, cause: null };
  // The fetched document does not contain the key.
  return { state: "failed", cause: check.kind === "failed" ? check.cause : "unknown_key" };
}

/** Waits for a request to the provider. Throws 503 if it fails, so that the sender tries again. */
async function unlessUnavailable<T>(
  { refusalLog, facts }: ReceiveParts,
  { source }: SourceEntry,
  result: Promise<T>,
): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof KeyUnavailable)) throw error;
    if (refusalLog.mayLog(source.seq)) {
      facts.state({ type: "source.key-unavailable", sourceSeq: source.seq, message: error.message });
    }
    const detail = "The request cannot be verified at the moment. Send it again later.";
    throw new Problem(503, "unavailable", detail, KEY_RETRY_AFTER_SECONDS);
  }
}

function nowSeconds({ clock }: ReceiveParts): number {
  return Math.floor(clock.now() / 1000);
}
