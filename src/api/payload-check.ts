import type { Incoming } from "../accept/accept.ts";
import type { PayloadRule } from "../accept/payload-rules.ts";
import { type Finding, Invalid } from "../core/problem.ts";
import type { SentMessage } from "./message-fields.ts";

/**
 * Holds a message against the rule of its type. 422 when it does not fit and the rule refuses such messages; otherwise the
 * message, with what was found.
 */
export function held(incoming: Incoming, sent: SentMessage, rule: PayloadRule | null): Incoming {
  if (rule === null) return incoming;
  const findings = findingsOf(sent, rule);
  if (findings.length === 0) return incoming;
  if (rule.rejects) throw new Invalid(...findings);
  return { ...incoming, warnings: findings };
}

/** What is looked at is what will be delivered. */
function findingsOf(sent: SentMessage, { check }: PayloadRule): readonly Finding[] {
  const raw = sent.transformationsParams?.rawPayload ?? null;
  if (raw === null) return check(sent.payload ?? sent.data);
  let payload: unknown;
  try {
    payload = JSON.parse(raw);
  } catch {
    return [notJson];
  }
  return check(payload);
}

const notJson: Finding = {
  loc: ["body", "transformationsParams", "rawPayload"],
  msg: "It is no JSON, but its type has a schema.",
  type: "schema.json",
};
