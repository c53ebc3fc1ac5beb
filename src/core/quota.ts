/** Rules of quotas: how much an application may use. */

const DAY_MS = 86_400_000;

/** The limits of an application. */
export interface Quota {
  /** Maximum number of endpoints. */
  readonly endpoints: number | null;
  /** Maximum number of messages that are accepted per day, which begins at midnight UTC. */
  readonly messagesPerDay: number | null;
  /** Maximum size of all stored payloads together. */
  readonly storedBytes: number | null;
}

export const quotaNames = ["endpoints", "messagesPerDay", "storedBytes"] as const satisfies readonly (keyof Quota)[];
export type QuotaName = (typeof quotaNames)[number];

export const NO_QUOTA: Quota = { endpoints: null, messagesPerDay: null, storedBytes: null };

/** The limits that are checked for each message. */
export type MessageQuota = Pick<Quota, "messagesPerDay" | "storedBytes">;

/** A limit that a request would exceed. */
export interface QuotaExceeded {
  readonly quota: QuotaName;
  readonly limit: number;
  readonly used: number;
  /** When the count of `messagesPerDay` ends. Absent for the other quotas. */
  readonly endsAt?: number;
}

/** The quota of an application. Those behind sources have none: a source has an `ingestRate`. */
interface Limited {
  readonly quota: Quota | null;
  readonly sourceSeq: number | null;
}

/** Returns the limits in force for an application. Its own limits precede the server's defaults. */
export function quotaInForce({ quota, sourceSeq }: Limited, defaults: Quota): Quota {
  if (sourceSeq !== null) return NO_QUOTA;
  return {
    endpoints: quota?.endpoints ?? defaults.endpoints,
    messagesPerDay: quota?.messagesPerDay ?? defaults.messagesPerDay,
    storedBytes: quota?.storedBytes ?? defaults.storedBytes,
  };
}

/** Returns whether a quota limits messages. Only then the messages of an application are counted. */
export function limitsMessages(quota: MessageQuota | null): boolean {
  return quota !== null && (quota.messagesPerDay !== null || quota.storedBytes !== null);
}

/** Returns the day of a time: whole days since the Unix epoch, in UTC. */
export function dayOf(at: number): number {
  return Math.floor(at / DAY_MS);
}

/** The number of messages that were accepted on a day. */
export interface DayCount {
  readonly day: number;
  readonly messages: number;
}

/**
 * Returns the count that is in force at a time. If the clock was set back over midnight, the count
 * of the later day stays in force. Otherwise each step over midnight would start a new count. A
 * count that is further in the future comes from a clock that was wrong, and is dropped.
 */
export function countAt(count: DayCount, now: number): DayCount {
  const today = dayOf(now);
  return count.day === today || count.day === today + 1 ? count : { day: today, messages: 0 };
}

/** Returns the time at which a count begins. */
export function startOf({ day }: Pick<DayCount, "day">): number {
  return day * DAY_MS;
}

/** Returns the time at which a count ends. */
export function endOf({ day }: Pick<DayCount, "day">): number {
  return (day + 1) * DAY_MS;
}

/** What an application uses of the limits of messages. */
export interface MessageUse extends DayCount {
  readonly storedBytes: number;
}

/** Returns what an application uses after one more message, or the limit that the message would exceed. */
export function useWith(
  use: MessageUse,
  { payload, acceptedAt }: { readonly payload: Uint8Array; readonly acceptedAt: number },
  { messagesPerDay, storedBytes }: MessageQuota,
): MessageUse | QuotaExceeded {
  const { day, messages } = countAt(use, acceptedAt);
  if (messagesPerDay !== null && messages >= messagesPerDay) {
    return { quota: "messagesPerDay", limit: messagesPerDay, used: messages, endsAt: endOf({ day }) };
  }
  if (storedBytes !== null && use.storedBytes + payload.byteLength > storedBytes) {
    return { quota: "storedBytes", limit: storedBytes, used: use.storedBytes };
  }
  return { day, messages: messages + 1, storedBytes: use.storedBytes + payload.byteLength };
}
