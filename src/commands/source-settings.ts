import { isReply, parseDoorReply } from "../core/door-reply.ts";
import type { Finding } from "../core/problem.ts";
import type { DoorReply } from "../core/received.ts";
import type { Deduplication } from "../core/resources/source.ts";
import { deduplicateByProblem, eventTypeProblem } from "../receive/expression.ts";
import type { Source } from "../store/index.ts";

type Json = Readonly<Record<string, unknown>>;

/** The fields of a source in a request, except its type. Absent fields are undefined. */
export interface SourceInput {
  readonly uid?: string | null;
  readonly name?: string;
  readonly config?: Json;
  readonly verification?: Source["verification"];
  readonly answer?: Json | null;
  readonly eventType?: string | null;
  readonly deduplicate?: Json | null;
  readonly ingestRate?: number | null;
  readonly disabled?: boolean;
  readonly metadata?: Source["metadata"] | null;
}

/** The fields of a source that this file checks, and the errors in them. */
export interface Checked {
  readonly fields: Partial<Pick<Source, "answer" | "eventType" | "deduplicate">>;
  readonly findings: readonly Finding[];
}

const DEFAULT_WINDOW_SECONDS = 86_400;
const WINDOW_SECONDS_MAX = 365 * 86_400;

/** The providers whose requests have no identity, so that equal requests may be different events. */
const WITHOUT_DEDUPLICATION: ReadonlySet<string> = new Set(["generic-webhook", "generic-hmac", "cron"]);

/** Returns what `deduplicate` is for sources of a provider unless they set it. */
export function defaultDeduplication(provider: string): Deduplication | null {
  return WITHOUT_DEDUPLICATION.has(provider) ? null : { by: "delivery-id", windowSeconds: DEFAULT_WINDOW_SECONDS };
}

/** Checks the fields that are present and do not depend on the provider's scheme. */
export function checkSettings({ answer, eventType, deduplicate }: SourceInput): Checked {
  const findings: Finding[] = [];
  const find = (path: readonly string[], msg: string) =>
    void findings.push({ loc: ["body", ...path], msg, type: "value_error" });
  if (typeof eventType === "string") {
    const msg = eventTypeProblem(eventType);
    if (msg !== null) find(["eventType"], msg);
  }
  const fields = {
    ...(answer !== undefined && { answer: answer === null ? null : replyOf(answer, find) }),
    ...(eventType !== undefined && { eventType }),
    ...(deduplicate !== undefined && { deduplicate: deduplicate === null ? null : deduplicationOf(deduplicate, find) }),
  };
  return { fields, findings };
}

type Find = (path: readonly string[], msg: string) => void;

function replyOf(input: Json, find: Find): DoorReply | null {
  const reply = parseDoorReply(input);
  if (isReply(reply)) return reply;
  for (const { path, msg } of reply) find(["answer", ...path], msg);
  return null;
}

function deduplicationOf(input: Json, find: Find): Deduplication {
  const { by = "delivery-id", windowSeconds = DEFAULT_WINDOW_SECONDS } = input;
  const problem = typeof by === "string" ? deduplicateByProblem(by) : "Must be a string.";
  if (problem !== null) find(["deduplicate", "by"], problem);
  const isValid = Number.isInteger(windowSeconds) && isBetween(windowSeconds as number, 1, WINDOW_SECONDS_MAX);
  if (!isValid) find(["deduplicate", "windowSeconds"], `Must be an integer from 1 to ${WINDOW_SECONDS_MAX}.`);
  return { by, windowSeconds } as Deduplication;
}

function isBetween(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}
