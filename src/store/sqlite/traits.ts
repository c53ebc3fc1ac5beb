import type { AttemptFilter, MessageFilter, NewMessage, Settlement } from "../index.ts";
import { type Trait, trait } from "./stretches.ts";

type Labels = Pick<NewMessage, "eventType" | "channels" | "tags">;

function addLabels(traits: Trait[], { eventType, channels, tags }: Labels): void {
  traits.push(trait.eventType(eventType));
  if (channels !== null) for (const channel of channels) traits.push(trait.channel(channel));
  if (tags !== null) for (const tag of tags) traits.push(trait.tag(tag));
}

/** By what a message is found among those of its application. */
export function traitsOfMessage(message: NewMessage): Trait[] {
  const traits: Trait[] = [];
  addLabels(traits, message);
  for (const { endpointSeq } of message.deliveries) traits.push(trait.endpoint(endpointSeq));
  return traits;
}

/** By what an attempt is found among those of its endpoint. */
export function traitsOfAttempt({ reason, responseStatus }: Settlement["attempt"], labels: Labels): Trait[] {
  const traits: Trait[] = [trait.statusClass(Math.floor(responseStatus / 100))];
  addLabels(traits, labels);
  if (reason !== null) traits.push(trait.failed, trait.failedType(labels.eventType));
  return traits;
}

/** What to search for, each a choice of traits that all rows with the filter's properties have one of. Empty: anything. */
export function termsOfMessages({ eventTypes, channel, tag }: MessageFilter): (readonly Trait[])[] {
  const terms: (readonly Trait[])[] = [];
  if (eventTypes !== undefined) terms.push(eventTypes.map(trait.eventType));
  if (channel !== undefined) terms.push([trait.channel(channel)]);
  if (tag !== undefined) terms.push([trait.tag(tag)]);
  return terms;
}

export function termsOfAttempts(filter: AttemptFilter): (readonly Trait[])[] {
  const { status, statusCodeClass, eventTypes } = filter;
  const failedOnly = status === 2;
  const terms = termsOfMessages(filter);
  // Failures of a type are seldom where both a failure and the type are: they have a trait of their own.
  if (failedOnly) terms.push(eventTypes?.map(trait.failedType) ?? [trait.failed]);
  if (status === 0) terms.push([trait.statusClass(2)]);
  if (statusCodeClass !== undefined) terms.push([trait.statusClass(statusCodeClass / 100)]);
  return terms;
}
