import type { AttemptFilter, MessageFilter, NewMessage, ResponseClass, Settlement } from "../../index.ts";
import { type Trait, trait } from "./trait.ts";

type Labels = Pick<NewMessage, "eventType" | "channels" | "tags">;

function addLabels(traits: Trait[], { eventType, channels, tags }: Labels): void {
  traits.push(trait.eventType(eventType));
  if (channels !== null) for (const channel of channels) traits.push(trait.channel(channel));
  if (tags !== null) for (const tag of tags) traits.push(trait.tag(tag));
}

/** Returns the traits of a message, for the list of its application. */
export function traitsOfMessage(message: NewMessage): Trait[] {
  const traits: Trait[] = [];
  addLabels(traits, message);
  for (const { endpointSeq } of message.deliveries) traits.push(trait.endpoint(endpointSeq));
  return traits;
}

/** Returns the traits of an attempt, for the list of its endpoint. */
export function traitsOfAttempt({ reason, responseStatus }: Settlement["attempt"], labels: Labels): Trait[] {
  const traits: Trait[] = [];
  addLabels(traits, labels);
  if (reason !== null) traits.push(...traits.map(trait.failedWith), trait.failed);
  traits.push(trait.statusClass(Math.floor(responseStatus / 100)));
  return traits;
}

/**
 * Returns the terms of a filter. A matching row has a trait of each term. If there are no terms,
 * every row matches.
 */
export function termsOfMessages({ eventTypes, channel, tag }: MessageFilter): (readonly Trait[])[] {
  const terms: (readonly Trait[])[] = [];
  if (eventTypes !== undefined) terms.push(eventTypes.map(trait.eventType));
  if (channel !== undefined) terms.push([trait.channel(channel)]);
  if (tag !== undefined) terms.push([trait.tag(tag)]);
  return terms;
}

const HUNDREDS: Readonly<Record<ResponseClass, number>> = { none: 0, "1xx": 1, "2xx": 2, "3xx": 3, "4xx": 4, "5xx": 5 };

export function termsOfAttempts(filter: AttemptFilter): (readonly Trait[])[] {
  const { outcome, responseClass } = filter;
  const ofMessage = termsOfMessages(filter);
  // A stretch may contain failures and messages of a type without containing failures of that type.
  // The trait `failedWith` distinguishes these cases.
  const terms = outcome === "failed" ? ofMessage.map((term) => term.map(trait.failedWith)) : ofMessage;
  if (outcome === "failed" && terms.length === 0) terms.push([trait.failed]);
  // An attempt whose transformation cancelled the delivery has not failed, and has no response.
  if (outcome === "delivered") terms.push([trait.statusClass(2), trait.statusClass(HUNDREDS.none)]);
  if (responseClass !== undefined) terms.push([trait.statusClass(HUNDREDS[responseClass])]);
  return terms;
}
