import { describe, expect, test } from "bun:test";
import { type Subscription, wants } from "../../src/core/event.ts";

function subscription(eventTypes: string[] | null, channels: string[] | null): Subscription {
  return { eventTypes: eventTypes && new Set(eventTypes), channels: channels && new Set(channels) };
}

describe("an endpoint", () => {
  const table: [what: string, Subscription, eventType: string, channels: string[] | null, wanted: boolean][] = [
    ["without restrictions wants everything", subscription(null, null), "a", null, true],
    ["without channels wants messages on any channel", subscription(null, null), "a", ["x"], true],
    ["wants the types that it names", subscription(["a", "b"], null), "b", null, true],
    ["does not want other types", subscription(["a", "b"], null), "c", null, false],
    ["takes types by their whole name", subscription(["invoice"], null), "invoice.paid", null, false],
    ["with an empty list of types wants nothing", subscription([], null), "a", null, false],
    ["wants messages on one of its channels", subscription(null, ["x", "y"]), "a", ["z", "y"], true],
    ["does not want messages on other channels", subscription(null, ["x", "y"]), "a", ["z"], false],
    ["with channels does not want messages without", subscription(null, ["x"]), "a", null, false],
    ["with channels does not want messages with an empty list", subscription(null, ["x"]), "a", [], false],
    ["wants both to fit: type only", subscription(["a"], ["x"]), "a", ["y"], false],
    ["wants both to fit: channel only", subscription(["a"], ["x"]), "b", ["x"], false],
    ["wants both to fit: both", subscription(["a"], ["x"]), "a", ["x"], true],
  ];
  for (const [what, subscribed, eventType, channels, wanted] of table) {
    test(what, () => expect(wants(subscribed, eventType, channels)).toBe(wanted));
  }
});
