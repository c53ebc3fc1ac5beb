import { describe, expect, test } from "bun:test";
import { missedBy, refusalBy } from "../../src/core/missed.ts";

const endpoint = { createdAt: 1, updatedAt: 5, disabled: false, disabledAt: null, eventTypes: null, channels: null };
const message = { acceptedAt: 10, eventType: "a", channels: ["eu"] };

describe("why an endpoint has no delivery of a message", () => {
  test.each([
    ["created_later", true, { createdAt: 11, disabled: true }],
    ["disabled", true, { disabled: true, eventTypes: ["b"] }],
    ["disabled", false, { disabled: true, updatedAt: 11 }],
    ["disabled", true, { disabled: true, disabledAt: 10, updatedAt: 11 }],
    ["unknown", false, { disabled: true, disabledAt: 11, updatedAt: 11 }],
    ["event_type", true, { disabled: true, disabledAt: 11, eventTypes: ["b"] }],
    ["channel", false, { disabled: true, disabledAt: 11, updatedAt: 11, channels: ["us"] }],
    ["event_type", true, { eventTypes: ["b"], channels: ["us"] }],
    ["event_type", false, { eventTypes: ["b"], updatedAt: 11 }],
    ["event_type", false, { eventTypes: ["b"], updatedAt: 10 }],
    ["channel", true, { eventTypes: ["a"], channels: ["us"] }],
    ["channel", false, { channels: ["us"], updatedAt: 11 }],
    ["unknown", false, { eventTypes: ["a"], channels: ["eu"] }],
    ["unknown", false, { updatedAt: 11 }],
  ] as const)("the reason is %s (certain: %p) for the settings %j", (reason, certain, change) => {
    expect(missedBy({ ...endpoint, ...change }, message)).toEqual({ reason, certain });
  });
});

test("the reason why an endpoint gets no message is that it is disabled, else the event type, else the channels", () => {
  const of = (change: object) => refusalBy({ ...endpoint, ...change }, message);
  expect(of({})).toBeNull();
  expect(of({ channels: ["eu"] })).toBeNull();
  expect(of({ channels: ["us"] })).toBe("channel");
  expect(of({ channels: ["us"], eventTypes: ["b"] })).toBe("event_type");
  expect(of({ disabled: true, eventTypes: ["b"] })).toBe("disabled");
});
