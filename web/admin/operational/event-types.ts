import type { ListedEventType } from "../../kit/endpoint/event-types.ts";

/** The events that operational webhooks report, with what they mean. */

const TYPES: Readonly<Record<string, string>> = {
  "endpoint.created": "An endpoint was created.",
  "endpoint.updated": "The settings of an endpoint were changed.",
  "endpoint.deleted": "An endpoint was deleted.",
  "endpoint.disabled": "An endpoint was disabled, by a person or because it kept failing.",
  "endpoint.enabled": "An endpoint was enabled again.",
  "message.attempt.failing": "The fourth attempt to deliver a message has failed.",
  "message.attempt.exhausted": "A message has become a dead letter.",
  "message.attempt.recovered": "A message that was failing has been delivered.",
  "boathook.backlog.growing": "Deliveries wait longer and longer.",
  "boathook.backlog.recovered": "Deliveries no longer wait too long.",
};

export const OPERATIONAL_EVENT_TYPES: readonly ListedEventType[] = Object.entries(TYPES).map(([name, description]) => ({
  name,
  description,
  deprecated: false,
  groupName: null,
}));

export const readOperationalEventTypes = async () => OPERATIONAL_EVENT_TYPES;
