import type { Accepted } from "../accept/accept.ts";
import { conflict, invalid, Problem } from "../core/problem.ts";
import type { DoorReply } from "../core/received.ts";
import { cronMessage } from "../cron/cron-message.ts";
import type { SourceEntry } from "../door/source-directory.ts";
import type { ExampleRequest } from "../receive/receiver.ts";
import type { Source } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { receive } from "./receive.ts";
import type { ReceiveParts } from "./receive-parts.ts";
import { CRON, hasUrl } from "./source-type.ts";
import { noSource } from "./sources.ts";

type Parts = ReceiveParts & Pick<CommandContext, "sources">;
type Stored = Extract<Accepted, { readonly accepted: true }>;

/** The address that the log shows for an example. */
const ADDRESS = "example";

/** What an example contains. */
interface Wanted {
  /** Null means the provider's most common one. */
  readonly eventType: string | null;
  /** Null means a realistic one. */
  readonly body: Uint8Array | null;
}

/**
 * Sends a source an example, signed as its provider signs and checked as at the door. For a source of
 * type `cron`, makes one run now.
 *
 * Throws 422 `cannot_sign` if only the provider has the signing key or if the source still waits for
 * its secret, 409 `duplicate` if the source has the body already, and the response of the door if that
 * refuses the example.
 */
export async function sendSourceExample(parts: Parts, source: Source, wanted: Wanted): Promise<Stored> {
  if (source.disabled) throw new Problem(422, "source_disabled", "The source is disabled. Enable it first.");
  if (source.provider === CRON) {
    if (wanted.body !== null) throw invalid(["body", "body"], "A source of type cron has its own payload.");
    return runNow(parts, source);
  }
  if (!hasUrl(source.provider)) throw new Problem(422, "cannot_sign", "The source has a queue. Put a message there.");
  const [current] = await parts.store.configuration.sources.tokens(source.seq, parts.clock.now());
  const entry = current === undefined ? null : await parts.sources.find(current.text);
  if (entry === null) throw noSource();
  const example = entry.receiver.awaitsSecret ? null : signedExample(parts, entry, wanted);
  if (example === null) throw cannotSign(entry);
  const { method, query, headers, body } = example;
  let stored: Stored | null = null;
  const onStored = (message: Stored) => {
    stored = message;
  };
  const request = { method, suffix: "", query, headers, address: () => ADDRESS, onStored };
  const reply = await receive(parts, entry, request, () => body);
  return stored ?? raise(refusalOf(reply));
}

function signedExample({ clock }: Parts, { receiver }: SourceEntry, wanted: Wanted): ExampleRequest | null {
  return receiver.example(wanted.eventType, Math.floor(clock.now() / 1000), wanted.body);
}

async function runNow({ directory, accepter, ids }: Parts, source: Source): Promise<Stored> {
  const application = await directory.application(source.environmentSeq, { seq: source.applicationSeq });
  if (application === null) throw noSource();
  const result = await accepter.accept(application, cronMessage(source, ids));
  if (!result.accepted) throw new Error("A message without an idempotency key was taken for a duplicate.");
  return result;
}

function cannotSign({ receiver }: SourceEntry): Problem {
  const why = receiver.awaitsSecret
    ? "The source has no secret yet; the provider sends it with the first request."
    : "Only the provider has the key that signs its requests. Send a test event from the provider.";
  return new Problem(422, "cannot_sign", why);
}

/** A realistic example is new, so only the rate of the source can refuse it. */
function refusalOf({ status, headers }: DoorReply): Problem {
  if (status < 300) {
    return conflict("The source has already stored this request, or it is a handshake. Change the body.", "duplicate");
  }
  const seconds = Number(headers["retry-after"] ?? 1);
  if (status === 429) return new Problem(429, "rate_limited", "The source's `ingestRate` is reached.", seconds);
  return new Problem(422, "not_accepted", `The source responded to the example with ${status}; its log has the cause.`);
}

function raise(error: Error): never {
  throw error;
}
