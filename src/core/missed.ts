import { type Subscription, wants } from "./event.ts";

/**
 * Why an endpoint has no delivery of a message. `created_later` is a stored fact. The others follow
 * from the endpoint's present settings. `unknown`: the endpoint would receive the message now.
 */
export const missedReasons = ["created_later", "disabled", "event_type", "channel", "filter", "unknown"] as const;

export interface Missed {
  readonly reason: (typeof missedReasons)[number];
  /**
   * Whether the reason held when the message was accepted. False if the endpoint has been changed
   * since, so that its settings at that time are not known.
   */
  readonly certain: boolean;
}

interface Settings {
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly disabled: boolean;
  /** Time since which the endpoint has been disabled, or null if it is enabled or if it is not known. */
  readonly disabledAt: number | null;
  readonly eventTypes: readonly string[] | null;
  readonly channels: readonly string[] | null;
}

interface Sent {
  readonly eventType: string;
  readonly channels: readonly string[] | null;
}

interface Accepted extends Sent {
  readonly acceptedAt: number;
}

/** Why an endpoint does not receive messages that are sent now. */
export const refusals = ["disabled", "event_type", "channel"] as const;
export type Refusal = (typeof refusals)[number];

/** Returns why an endpoint would not receive a message now, or null if it would. */
export function refusalBy(
  endpoint: Omit<Settings, "createdAt" | "updatedAt" | "disabledAt">,
  sent: Sent,
): Refusal | null {
  return endpoint.disabled ? "disabled" : mismatch(endpoint, sent);
}

/** `isFiltered` says whether the endpoint's filter, as it is now, excludes the message. */
export function missedBy(endpoint: Settings, accepted: Accepted, isFiltered = false): Missed {
  const { createdAt, updatedAt, disabled, disabledAt } = endpoint;
  const { acceptedAt } = accepted;
  if (createdAt > acceptedAt) return { reason: "created_later", certain: true };
  const isUnchanged = updatedAt < acceptedAt;
  // An endpoint that was disabled after the message has another reason.
  const isReason = disabled && (disabledAt === null || disabledAt <= acceptedAt);
  if (isReason) return { reason: "disabled", certain: disabledAt !== null || isUnchanged };
  const reason = mismatch(endpoint, accepted) ?? (isFiltered ? "filter" : null);
  return reason === null ? { reason: "unknown", certain: false } : { reason, certain: isUnchanged };
}

function mismatch(
  endpoint: Pick<Settings, "eventTypes" | "channels">,
  { eventType, channels }: Sent,
): "event_type" | "channel" | null {
  const subscription: Subscription = {
    eventTypes: endpoint.eventTypes === null ? null : new Set(endpoint.eventTypes),
    channels: endpoint.channels === null ? null : new Set(endpoint.channels),
  };
  if (wants(subscription, eventType, channels)) return null;
  const isOfType = subscription.eventTypes?.has(eventType) ?? true;
  return isOfType ? "channel" : "event_type";
}
