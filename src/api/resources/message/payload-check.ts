import type { Incoming } from "../../../accept/accept.ts";
import type { PayloadRule } from "../../../accept/payload-rules.ts";
import { type Finding, Invalid } from "../../../core/problem.ts";
import type { SentMessage } from "./fields.ts";

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

/** Of checking, in one go: some hundredth of a second. */
const STEPS_AT_ONCE = 200_000;
let stepsInThisGo = 0;

/** As `held`, for one of many: whenever much has been checked, others get their turn first. */
export async function heldInTurn(incoming: Incoming, sent: SentMessage, rule: PayloadRule | null): Promise<Incoming> {
  if (stepsInThisGo > STEPS_AT_ONCE) {
    stepsInThisGo = 0;
    await new Promise(setImmediate);
  }
  try {
    return held(incoming, sent, rule);
  } finally {
    stepsInThisGo += rule?.check.steps ?? 0;
  }
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
