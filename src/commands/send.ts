import type { Accepted } from "../accept/accept.ts";
import type { Incoming } from "../accept/incoming.ts";
import { checkAll, checked, type MessageToSend } from "../accept/payload-check.ts";
import type { Seq } from "../core/id.ts";
import { conflict, Invalid, Problem } from "../core/problem.ts";
import type { ApplicationEntry } from "../store/directory.ts";
import type { Key } from "../store/index.ts";
import { checkOwn, createOnDemand, noApplication, type OnDemandApplication } from "./applications.ts";
import type { CommandContext } from "./context.ts";
import { quotaProblem } from "./quota.ts";

type SendParts = Pick<CommandContext, "directory" | "payloadRules" | "accepter" | "clock">;
type Parts = SendParts & Pick<CommandContext, "store" | "ids" | "seqs" | "signals">;

export interface Destination {
  readonly environmentSeq: Seq;
  readonly application: Key;
}

/**
 * A message that was stored. `warnings` lists violations of its schema; null means that there are
 * none.
 */
export type SentMessage = Extract<Accepted, { readonly accepted: true }> & Pick<Incoming, "warnings">;
/** The idempotency key belongs to an earlier message. */
type Repeated = Extract<Accepted, { readonly because: "idempotency" }>;

/**
 * Sends a message to the endpoints of an application that subscribe to it. Resolves after the
 * message is stored. If the application does not exist, creates `onDemand` first.
 *
 * Throws 404 if the application does not exist and `onDemand` is null or if it stands behind a source,
 * and 409 if the event id is taken. Throws 422 if the message is scheduled too far ahead, or if it violates its schema and the
 * event type rejects such messages. Throws 429 or 403 if it exceeds a quota. If it throws, nothing is
 * stored.
 */
export async function sendMessage(
  parts: Parts,
  to: Destination,
  message: MessageToSend,
  onDemand: OnDemandApplication | null,
): Promise<SentMessage | Repeated> {
  // The rule and the application are usually cached, and `await` would cost more than the lookup.
  const rule = parts.payloadRules.of(to.environmentSeq, message.incoming.eventType);
  const outcome = checked(parts, message, rule instanceof Promise ? await rule : rule);
  const incoming = outcome instanceof Promise ? await outcome : outcome;
  const known = parts.directory.application(to.environmentSeq, to.application);
  const entry = (known instanceof Promise ? await known : known) ?? (await createdEntry(parts, to, onDemand));
  checkOwn(entry.application);
  const result = await parts.accepter.accept(entry, incoming);
  if (result.accepted) return { ...result, warnings: incoming.warnings };
  if (result.because === "event-id") throw eventIdTaken();
  if (result.because === "quota") throw quotaProblem(result.exceeded, parts.clock.now());
  return result;
}

/**
 * Sends messages to one application, in one commit, or in several commits if they have thousands of
 * deliveries. A refused message does not affect the others. Returns, for each message in order, how
 * it was stored or why it was refused. Throws 404 if the application does not exist or stands behind
 * a source.
 */
export async function sendBatch(
  parts: SendParts,
  to: Destination,
  messages: readonly MessageToSend[],
): Promise<ReadonlyArray<SentMessage | Problem | Invalid>> {
  const entry = await parts.directory.application(to.environmentSeq, to.application);
  if (entry === null) throw noApplication();
  checkOwn(entry.application);
  const outcomes = await checkAll(parts, to.environmentSeq, messages);
  const accepted = outcomes.filter((outcome): outcome is Incoming => !(outcome instanceof Invalid));
  const results = (await parts.accepter.acceptInPortions(entry, accepted)).values();
  return outcomes.map((outcome) => {
    if (outcome instanceof Invalid) return outcome;
    const result = results.next().value!;
    if (result.accepted) return { ...result, warnings: outcome.warnings };
    if (result.because === "quota") return quotaProblem(result.exceeded, parts.clock.now());
    return result.because === "unavailable" ? notStored() : eventIdTaken();
  });
}

async function createdEntry(
  parts: Parts,
  { environmentSeq, application }: Destination,
  onDemand: OnDemandApplication | null,
): Promise<ApplicationEntry> {
  if (onDemand !== null) await createOnDemand(parts, environmentSeq, onDemand);
  const entry = onDemand === null ? null : await parts.directory.application(environmentSeq, application);
  if (entry === null) throw noApplication();
  return entry;
}

/**
 * Returns the result for a message of a batch that was not stored, because the store had become
 * unavailable.
 */
function notStored(): Problem {
  return new Problem(503, "unavailable", "The message was not stored. Send it again later.");
}

function eventIdTaken(): Problem {
  return conflict("A message with this eventId already exists");
}
