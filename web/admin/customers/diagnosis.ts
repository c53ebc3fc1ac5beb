import type {
  ApplicationDetail,
  Attempt,
  EnvironmentEndpoint,
  EnvironmentMessage,
  MessageRecipient,
  Overview,
  Timeseries,
} from "../../../src/api/types.ts";
import type { Tone } from "../../kit/parts/badge.tsx";

/** Finds out why a customer gets no messages, from data that the API has. */

const DAY_MS = 24 * 3_600_000;

/** What the findings are derived from. */
export interface Known {
  readonly numbers: ApplicationDetail;
  /** The endpoints that are disabled, failing or paused. */
  readonly troubled: readonly EnvironmentEndpoint[];
  /** The newest attempt of some of `troubled`, by the endpoint's id. */
  readonly attempts: ReadonlyMap<string, Attempt>;
  /** Counts of each hour, oldest first. */
  readonly hours: Timeseries["data"];
  /** The newest messages. */
  readonly latest: readonly EnvironmentMessage[];
  /** The endpoints and the newest message that no endpoint got; empty if there is no such message. */
  readonly recipients: readonly MessageRecipient[];
}

type Attention = Overview["attention"][number];

export type Finding =
  /** Nothing is sent to anybody. */
  | { readonly kind: "stopped"; readonly entry: Attention }
  | { readonly kind: "no endpoint" }
  | { readonly kind: "endpoint"; readonly endpoint: EnvironmentEndpoint; readonly attempt: Attempt | null }
  | { readonly kind: "more endpoints"; readonly count: number }
  | {
      readonly kind: "missed";
      readonly count: number;
      /** Number of the newest messages that were looked at. */
      readonly of: number;
      readonly newest: EnvironmentMessage;
      readonly causes: readonly MissedCause[];
    }
  | { readonly kind: "dead"; readonly reason: string; readonly count: number }
  | { readonly kind: "nothing accepted"; readonly since: string | null }
  | { readonly kind: "nothing delivered"; readonly accepted: number };

export type MissedReason = NonNullable<MessageRecipient["missed"]>["reason"];

/** Number of endpoints that did not get a message for the same reason. */
export interface MissedCause {
  readonly reason: MissedReason;
  readonly endpoints: number;
}

const ENDPOINTS_MAX = 5;
const REASONS_MAX = 3;
/** Entries about the whole environment or server that stop all deliveries. */
const STOPPED: readonly string[] = ["delivery_held", "environment_paused"];

/** Returns what is wrong, the most likely cause first. */
export function diagnose(known: Known, attention: readonly Attention[], nowMs: number): readonly Finding[] {
  return [
    ...attention.filter(({ kind }) => STOPPED.includes(kind)).map((entry) => ({ kind: "stopped", entry }) as const),
    ...endpointFindings(known),
    ...missedFindings(known),
    ...deadFindings(known),
    ...flowFindings(known, nowMs),
  ];
}

/** Returns how bad a finding is. */
export function toneOf(finding: Finding): Tone {
  switch (finding.kind) {
    case "endpoint":
      return finding.endpoint.state === "paused" ? "wait" : "bad";
    case "nothing accepted":
    case "stopped":
    case "missed":
      return "wait";
    default:
      return "bad";
  }
}

export function endpointsOf({ endpoints }: ApplicationDetail): number {
  return Object.values(endpoints).reduce((sum, count) => sum + count, 0);
}

/** Returns the start of the newest hour with deliveries, or null if there is none. */
export function lastDeliveredHour(hours: Timeseries["data"]): string | null {
  return hours.findLast(({ delivered }) => delivered > 0)?.startAt ?? null;
}

const URGENCY: Readonly<Record<EnvironmentEndpoint["state"], number>> = {
  disabled: 0,
  failing: 1,
  paused: 2,
  healthy: 3,
};

/** Returns the endpoints in trouble, those that get nothing first. */
export function byUrgency(endpoints: readonly EnvironmentEndpoint[]): readonly EnvironmentEndpoint[] {
  return [...endpoints].sort((a, b) => URGENCY[a.state] - URGENCY[b.state]);
}

function endpointFindings({ numbers, troubled, attempts }: Known): Finding[] {
  if (endpointsOf(numbers) === 0) return [{ kind: "no endpoint" }];
  const { disabled, failing, paused } = numbers.endpoints;
  const shown = byUrgency(troubled).slice(0, ENDPOINTS_MAX);
  const more = disabled + failing + paused - shown.length;
  return [
    ...shown.map((endpoint) => ({ kind: "endpoint", endpoint, attempt: attempts.get(endpoint.id) ?? null }) as const),
    ...(more > 0 ? [{ kind: "more endpoints", count: more } as const] : []),
  ];
}

/** Returns the newest message that went to no endpoint, or null. */
export function newestMissed(latest: readonly EnvironmentMessage[]): EnvironmentMessage | null {
  return latest.find(isMissed) ?? null;
}

function isMissed({ deliveries }: EnvironmentMessage): boolean {
  return Object.values(deliveries).every((count) => count === 0);
}

function missedFindings({ numbers, latest, recipients }: Known): Finding[] {
  const newest = newestMissed(latest);
  if (newest === null || endpointsOf(numbers) === 0) return [];
  const counts = new Map<MissedReason, number>();
  for (const { missed } of recipients) {
    if (missed !== null) counts.set(missed.reason, (counts.get(missed.reason) ?? 0) + 1);
  }
  const causes = [...counts].map(([reason, endpoints]) => ({ reason, endpoints }));
  return [{ kind: "missed", count: latest.filter(isMissed).length, of: latest.length, newest, causes }];
}

function deadFindings({ numbers: { deadReasons } }: Known): Finding[] {
  return deadReasons.slice(0, REASONS_MAX).map(({ reason, count }) => ({ kind: "dead", reason, count }));
}

function flowFindings({ numbers, hours }: Known, nowMs: number): Finding[] {
  const since = numbers.lastMessageAt;
  if (since === null || nowMs - Date.parse(since) > DAY_MS) return [{ kind: "nothing accepted", since }];
  const today = hours.filter(({ startAt }) => nowMs - Date.parse(startAt) < DAY_MS);
  const sum = (name: "accepted" | "delivered") => today.reduce((total, hour) => total + hour[name], 0);
  const isQuiet = sum("delivered") === 0 && numbers.pending > 0;
  return isQuiet ? [{ kind: "nothing delivered", accepted: sum("accepted") }] : [];
}
