import { describe, expect, test } from "bun:test";
import { type Subscription, wants } from "../../src/core/event.ts";

function subscription(eventTypes: string[] | null, channels: string[] | null): Subscription {
  return { eventTypes: eventTypes && new Set(eventTypes), channels: channels && new Set(channels) };
}

describe("subscription", () => {
  const table: [what: string, Subscription, eventType: string, channels: string[] | null, wanted: boolean][] = [
    ["an endpoint without restrictions wants everything", subscription(null, null), "a", null, true],
    ["an endpoint without channels wants messages on any channel", subscription(null, null), "a", ["x"], true],
    ["an endpoint wants the event types that it lists", subscription(["a", "b"], null), "b", null, true],
    ["an endpoint does not want event types that it does not list", subscription(["a", "b"], null), "c", null, false],
    [
      "an endpoint matches event types by their whole name",
      subscription(["invoice"], null),
      "invoice.paid",
      null,
      false,
    ],
    ["an endpoint with an empty list of event types wants nothing", subscription([], null), "a", null, false],
    ["an endpoint wants messages on one of its channels", subscription(null, ["x", "y"]), "a", ["z", "y"], true],
    ["an endpoint does not want messages on other channels", subscription(null, ["x", "y"]), "a", ["z"], false],
    ["an endpoint with channels does not want messages without channels", subscription(null, ["x"]), "a", null, false],
    [
      "an endpoint with channels does not want messages with an empty list of channels",
      subscription(null, ["x"]),
      "a",
      [],
      false,
    ],
    [
      "an endpoint does not want a message that matches by event type only",
      subscription(["a"], ["x"]),
      "a",
      ["y"],
      false,
    ],
    ["an endpoint does not want a message that matches by channel only", subscription(["a"], ["x"]), "b", ["x"], false],
    [
      "an endpoint wants a message that matches by event type and channel",
      subscription(["a"], ["x"]),
      "a",
      ["x"],
      true,
    ],
  ];
  for (const [what, subscribed, eventType, channels, wanted] of table) {
    test(what, () => expect(wants(subscribed, eventType, channels)).toBe(wanted));
  }
});
