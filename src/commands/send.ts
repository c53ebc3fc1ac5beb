import type { Accepted } from "../accept/accept.ts";
import type { Incoming } from "../accept/incoming.ts";
import type { PayloadRule } from "../accept/payload-rules.ts";
import type { Seq } from "../core/id.ts";
import { conflict, type Finding, Invalid, invalid, Problem } from "../core/problem.ts";
import type { ApplicationEntry } from "../store/directory.ts";
import type { Key } from "../store/index.ts";
import { checkOwn, createOnDemand, noApplication, type OnDemandApplication } from "./applications.ts";
import type { CommandContext } from "./context.ts";
import { quotaProblem } from "./quota.ts";

type SendParts = Pick<CommandContext, "directory" | "payloadRules" | "accepter" | "clock">;
type Parts = SendParts & Pick<CommandContext, "store" | "ids" | "seqs" | "signals">;

const HOUR_MS = 3_600_000;
/**
 * Maximum time that a message can be scheduled ahead, in ms. Scheduled messages wait in the lanes,
 * so they must not wait long.
 */
const DELIVER_AHEAD_MS_MAX = 24 * HOUR_MS;
/**
 * Maximum cost of schema checks in one turn of the event loop: about ten milliseconds, and usually
 * less than one. A check that may cost more runs on the worker thread.
 */
const COST_AT_ONCE = 1_000_000;

export interface Destination {
  readonly environmentSeq: Seq;
  readonly application: Key;
}

/**
 * The payload for the check against the schema of its event type. `loc` is the location of the text
 * in the request.
 */
export type PayloadContent =
  | { readonly value: unknown }
  | { readonly text: string; readonly loc: readonly string[] }
  /** The payload of a large body, which is checked on the worker thread. */
  | { readonly unparsed: true };

/** A message as received, before its schema check. */
export interface MessageToSend {
  /** The message, with `warnings` not set yet. */
  readonly incoming: Incoming;
  readonly content: PayloadContent;
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

async function checkAll(
  parts: SendParts,
  environmentSeq: Seq,
  messages: readonly MessageToSend[],
): Promise<(Incoming | Invalid)[]> {
  const outcomes: (Incoming | Invalid)[] = [];
  let cost = 0;
  for (const message of messages) {
    if (cost > COST_AT_ONCE) {
      cost = 0;
      await new Promise<void>((resolve) => parts.clock.soon(resolve));
    }
    const rule = await parts.payloadRules.of(environmentSeq, message.incoming.eventType);
    const outcome = unlessInvalid(() => checked(parts, message, rule));
    outcomes.push(outcome instanceof Promise ? await outcome : outcome);
    cost += rule === null ? 0 : highestCost(message, rule);
  }
  return outcomes;
}

function unlessInvalid<T>(check: () => T | Promise<T>): T | Invalid | Promise<T | Invalid> {
  try {
    const result = check();
    return result instanceof Promise ? result.catch(invalidOf) : result;
  } catch (error) {
    return invalidOf(error);
  }
}

function invalidOf(error: unknown): Invalid {
  if (error instanceof Invalid) return error;
  throw error;
}

/**
 * Returns the message with warnings for the violations of its schema. Throws 422 if the message may
 * not be sent. Returns a promise only if the check takes too long for this thread.
 */
function checked(
  { clock }: Pick<CommandContext, "clock">,
  message: MessageToSend,
  rule: PayloadRule | null,
): Incoming | Promise<Incoming> {
  const { incoming } = message;
  if (incoming.deliverAt !== null) checkSchedule(incoming.deliverAt, clock.now());
  if (rule === null) return incoming;
  const findings = highestCost(message, rule) > COST_AT_ONCE ? null : findingsOf(message.content, rule);
  return findings === null ? checkedOnWorker(message, rule) : judged(incoming, findings, rule);
}

async function checkedOnWorker({ incoming, content }: MessageToSend, rule: PayloadRule): Promise<Incoming> {
  const { buffer, byteOffset, byteLength } = incoming.payload;
  const text = "text" in content ? content.text : Buffer.from(buffer, byteOffset, byteLength).toString();
  return judged(incoming, (await rule.checkOnWorker(text)) ?? [notJson(content)], rule);
}

function judged(incoming: Incoming, findings: readonly Finding[], rule: PayloadRule): Incoming {
  if (findings.length === 0) return incoming;
  if (rule.rejects) throw new Invalid(...findings);
  return { ...incoming, warnings: findings };
}

function checkSchedule(deliverAt: number, now: number): void {
  if (deliverAt > now && deliverAt <= now + DELIVER_AHEAD_MS_MAX) return;
  throw invalid(["body", "deliverAt"], "Must be in the future, at most 24 hours ahead.");
}

/** Returns null if the payload must be checked on the worker thread. */
function findingsOf(content: PayloadContent, { check }: PayloadRule): readonly Finding[] | null {
  if (check === null || "unparsed" in content) return null;
  if ("value" in content) return check(content.value);
  let value: unknown;
  try {
    value = JSON.parse(content.text);
  } catch {
    return [notJson(content)];
  }
  return check(value);
}

/** Returns what checking the payload on this thread may cost. */
function highestCost({ incoming }: MessageToSend, { check }: PayloadRule): number {
  return check === null ? 0 : check.cost * incoming.payload.byteLength;
}

function notJson(content: PayloadContent): Finding {
  const loc = "loc" in content ? content.loc : ["body", "payload"];
  return { loc, msg: "The payload is not valid JSON, but its event type has a schema.", type: "schema.json" };
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
