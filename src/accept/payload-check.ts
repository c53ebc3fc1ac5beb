import type { Seq } from "../core/id.ts";
import { type Finding, Invalid, invalid } from "../core/problem.ts";
import type { Clock } from "../ports.ts";
import type { Incoming } from "./incoming.ts";
import type { PayloadRule, PayloadRules } from "./payload-rules.ts";

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

export interface CheckParts {
  readonly payloadRules: PayloadRules;
  readonly clock: Clock;
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
 * Checks messages of one environment. Returns, for each message in order, the message with its
 * warnings, or why it may not be stored.
 */
export async function checkAll(
  parts: CheckParts,
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
export function checked(
  { clock }: Pick<CheckParts, "clock">,
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
