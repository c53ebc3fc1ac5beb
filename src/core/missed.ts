import { type Subscription, wants } from "./event.ts";

/**
 * Why an endpoint has no delivery of a message. `created_later` is a stored fact. The others follow
 * from the endpoint's present settings. `unknown`: the endpoint would receive the message now.
 */
export const missedReasons = ["created_later", "disabled", "event_type", "channel", "unknown"] as const;

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
  readonly eventTypes: readonly string[] | null;
  readonly channels: readonly string[] | null;
}

interface Accepted {
  readonly acceptedAt: number;
  readonly eventType: string;
  readonly channels: readonly string[] | null;
}

export function missedBy(endpoint: Settings, { acceptedAt, eventType, channels }: Accepted): Missed {
  if (endpoint.createdAt > acceptedAt) return { reason: "created_later", certain: true };
  const isUnchanged = endpoint.updatedAt < acceptedAt;
  const subscription: Subscription = {
    eventTypes: endpoint.eventTypes === null ? null : new Set(endpoint.eventTypes),
    channels: endpoint.channels === null ? null : new Set(endpoint.channels),
  };
  if (endpoint.disabled) return { reason: "disabled", certain: isUnchanged };
  if (wants(subscription, eventType, channels)) return { reason: "unknown", certain: false };
  const isOfType = subscription.eventTypes?.has(eventType) ?? true;
  return { reason: isOfType ? "channel" : "event_type", certain: isUnchanged };
}
