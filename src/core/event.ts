/** Filter for the messages that an endpoint receives. Null means no restriction. */
export interface Subscription {
  readonly eventTypes: ReadonlySet<string> | null;
  readonly channels: ReadonlySet<string> | null;
}

/**
 * Returns whether a message goes to an endpoint with this subscription. The event type must be one
 * of the endpoint's types, and one of the message's channels must be one of the endpoint's
 * channels. A message without channels never goes to an endpoint that has channels.
 */
export function wants(subscription: Subscription, eventType: string, channels: readonly string[] | null): boolean {
  const { eventTypes, channels: wanted } = subscription;
  if (eventTypes !== null && !eventTypes.has(eventType)) return false;
  if (wanted === null) return true;
  return channels?.some((channel) => wanted.has(channel)) ?? false;
}
