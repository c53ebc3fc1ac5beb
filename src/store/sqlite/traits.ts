import type { AttemptFilter, MessageFilter, NewMessage, ResponseClass, Settlement } from "../index.ts";
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
  const traits: Trait[] = [];
  addLabels(traits, labels);
  if (reason !== null) traits.push(...traits.map(trait.failedWith), trait.failed);
  traits.push(trait.statusClass(Math.floor(responseStatus / 100)));
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

const HUNDREDS: Readonly<Record<ResponseClass, number>> = { none: 0, "1xx": 1, "2xx": 2, "3xx": 3, "4xx": 4, "5xx": 5 };

export function termsOfAttempts(filter: AttemptFilter): (readonly Trait[])[] {
  const { outcome, responseClass } = filter;
  const ofMessage = termsOfMessages(filter);
  // Where there are failures, and messages of a type, it is seldom one of these that failed: that is a trait of its own.
  const terms = outcome === "failed" ? ofMessage.map((term) => term.map(trait.failedWith)) : ofMessage;
  if (outcome === "failed" && terms.length === 0) terms.push([trait.failed]);
  if (outcome === "delivered") terms.push([trait.statusClass(2)]);
  if (responseClass !== undefined) terms.push([trait.statusClass(HUNDREDS[responseClass])]);
  return terms;
}
