/** What an endpoint wants to hear of. Null = everything. */
export interface Subscription {
  readonly eventTypes: ReadonlySet<string> | null;
  readonly channels: ReadonlySet<string> | null;
}

/**
 * Does a message of this type, sent on these channels, go to an endpoint with this subscription? Its type must be among
 * the endpoint's types and one of its channels among the endpoint's channels; a message without channels never goes
 * to an endpoint that has some.
 */
export function wants(subscription: Subscription, eventType: string, channels: readonly string[] | null): boolean {
  const { eventTypes, channels: wanted } = subscription;
  if (eventTypes !== null && !eventTypes.has(eventType)) return false;
  if (wanted === null) return true;
  return channels?.some((channel) => wanted.has(channel)) ?? false;
}
