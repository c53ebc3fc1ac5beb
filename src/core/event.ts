/** Selects the messages that an endpoint receives. Null means no restriction. */
export interface Subscription {
  readonly eventTypes: ReadonlySet<string> | null;
  readonly channels: ReadonlySet<string> | null;
}

/**
 * Returns whether an endpoint with this subscription receives a message. The event type must be one
 * of the endpoint's types, and one of the message's channels must be one of the endpoint's
 * channels. An endpoint that has channels never receives a message without channels.
 */
export function wants(subscription: Subscription, eventType: string, channels: readonly string[] | null): boolean {
  const { eventTypes, channels: wanted } = subscription;
  if (eventTypes !== null && !eventTypes.has(eventType)) return false;
  if (wanted === null) return true;
  return channels?.some((channel) => wanted.has(channel)) ?? false;
}
