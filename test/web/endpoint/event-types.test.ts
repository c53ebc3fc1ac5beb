import { expect, test } from "bun:test";
import { grouped, type ListedEventType, matching } from "../../../web/kit/endpoint/event-types.ts";

const eventType = (name: string, description = "", groupName: string | null = null): ListedEventType => ({
  name,
  description,
  groupName,
  deprecated: false,
});
const names = (eventTypes: readonly ListedEventType[]) => eventTypes.map(({ name }) => name);

test("a search finds event types that contain all its words in name, description or group", () => {
  const all = [eventType("invoice.paid", "Money arrived"), eventType("user.signup", "", "Accounts"), eventType("x")];
  expect(names(matching(all, ""))).toEqual(["invoice.paid", "user.signup", "x"]);
  expect(names(matching(all, " INVOICE  money "))).toEqual(["invoice.paid"]);
  expect(names(matching(all, "accounts"))).toEqual(["user.signup"]);
  expect(names(matching(all, "invoice nothing"))).toEqual([]);
});

test("event types are grouped by their group, or else by the first part of their name", () => {
  const groups = grouped([eventType("b.one"), eventType("a"), eventType("b.two"), eventType("c.one", "", "b")]);
  expect(groups.map(({ name, eventTypes }) => [name, names(eventTypes)])).toEqual([
    ["a", ["a"]],
    ["b", ["b.one", "b.two", "c.one"]],
  ]);
});
