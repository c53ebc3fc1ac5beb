import { describe, expect, test } from "bun:test";
import type { DeliveryWas, Fact } from "../../src/core/fact.ts";
import { Facts } from "../../src/core/facts.ts";
import { type Numbers, Tally } from "../../src/telemetry/tally.ts";

const HERE = 1;
const ELSEWHERE = 2;
const zero: Numbers = { accepted: 0, delivered: 0, pending: 0, dead: 0 };

function accepted(deliveries: number): Fact {
  return {
    type: "message.accepted",
    messageSeq: 1,
    applicationSeq: 1,
    environmentSeq: HERE,
    eventType: "order.paid",
    deliveries,
  };
}

function finished(next: "delivered" | "pending" | "dead" | "unchanged", was: "pending" | "dead" = "pending"): Fact {
  return {
    type: "attempt.finished",
    deliverySeq: 1,
    messageSeq: 1,
    endpointSeq: 1,
    applicationSeq: 1,
    environmentSeq: HERE,
    attemptSeq: 2,
    failedBefore: 0,
    reason: next === "delivered" ? null : "timeout",
    responseStatus: 0,
    durationMs: 5,
    next,
    was,
    deadReason: next === "dead" ? "timeout" : null,
    sinceAcceptedMs: 5,
  };
}

function resent(was: DeliveryWas): Fact {
  return { type: "delivery.resent", environmentSeq: HERE, messageSeq: 1, endpointSeq: 1, deliverySeq: 1, was };
}

function resentMany(some: Partial<Record<DeliveryWas, number>>): Fact {
  const was = { none: 0, pending: 0, delivered: 0, dead: 0, cancelled: 0, ...some };
  return { type: "deliveries.resent", environmentSeq: HERE, endpointSeq: 1, was };
}

function expunged(cancelled: number): Fact {
  return { type: "messages.expunged", environmentSeq: HERE, messages: 9, cancelled, endpoints: [1] };
}

const buried = (state: "dead" | "cancelled", count: number): Fact => ({
  type: "deliveries.buried",
  environmentSeq: HERE,
  state,
  count,
});

function hear(tally: Tally, fact: Fact): void {
  const facts = new Facts();
  tally.listenTo(facts);
  facts.state(fact);
}

test("a correction replaces what is in the store, and keeps what was counted since the start", () => {
  const facts = new Facts();
  const tally = new Tally([{ environmentSeq: HERE, pending: 4, dead: 2 }]);
  tally.listenTo(facts);
  facts.state(accepted(3));
  facts.state(finished("delivered"));
  tally.correct([{ environmentSeq: ELSEWHERE, pending: 5, dead: 6 }]);
  expect(tally.of(HERE)).toEqual({ accepted: 1, delivered: 1, pending: 0, dead: 0 });
  expect(tally.of(ELSEWHERE)).toEqual({ ...zero, pending: 5, dead: 6 });
});

describe("tally", () => {
  test.each<[string, Fact, Partial<Numbers>]>([
    ["an accepted message", accepted(3), { accepted: 1, pending: 3 }],
    ["a message without deliveries", accepted(0), { accepted: 1 }],
    ["a successful attempt", finished("delivered"), { pending: -1, delivered: 1 }],
    ["a successful attempt of a buried delivery", finished("delivered", "dead"), { dead: -1, delivered: 1 }],
    ["a failed attempt that will be retried", finished("pending"), {}],
    ["a failed attempt that was the last", finished("dead"), { pending: -1, dead: 1 }],
    ["an attempt that changed nothing", finished("unchanged"), {}],
    ["deliveries that were buried", buried("dead", 4), { pending: -4, dead: 4 }],
    ["deliveries that were cancelled", buried("cancelled", 4), { pending: -4 }],
    [
      "deliveries that a request cancelled",
      { type: "deliveries.cancelled", environmentSeq: HERE, count: 4, messageSeq: 1, endpoints: [1] },
      { pending: -4 },
    ],
    ["a redrive", { type: "deliveries.redriven", environmentSeq: HERE, count: 4 }, { pending: 4, dead: -4 }],
    ["dead letters that were dropped", { type: "deadletters.dropped", environmentSeq: HERE, count: 4 }, { dead: -4 }],
    ["a resend of a new delivery", resent("none"), { pending: 1 }],
    ["a resend of a pending delivery", resent("pending"), {}],
    ["a resend of a successful delivery", resent("delivered"), { pending: 1 }],
    ["a resend of a cancelled delivery", resent("cancelled"), { pending: 1 }],
    ["a resend of a dead letter", resent("dead"), { pending: 1, dead: -1 }],
    ["a replay of messages that are new to the endpoint", resentMany({ none: 4 }), { pending: 4 }],
    [
      "a replay of deliveries in every state",
      resentMany({ pending: 1, delivered: 2, dead: 3, cancelled: 4 }),
      { pending: 9, dead: -3 },
    ],
    ["messages that were expunged", expunged(4), { pending: -4 }],
    [
      "an application that has moved here",
      { type: "application.arrived", environmentSeq: HERE, applicationSeq: 1, pending: 4, dead: 2 },
      { pending: 4, dead: 2 },
    ],
  ])("the tally counts %s", (_, fact, change) => {
    const tally = new Tally([{ environmentSeq: HERE, pending: 10, dead: 10 }]);
    hear(tally, fact);
    const wanted = { ...zero, pending: 10, dead: 10 };
    for (const [name, by] of Object.entries(change)) wanted[name as keyof Numbers] += by;
    expect(tally.of(HERE)).toEqual(wanted);
  });

  test("the tally starts with the counts of the store and keeps environments separate", () => {
    const tally = new Tally([
      { environmentSeq: HERE, pending: 2, dead: 3 },
      { environmentSeq: ELSEWHERE, pending: 5, dead: 7 },
    ]);
    hear(tally, accepted(1));
    expect(tally.of(HERE)).toEqual({ accepted: 1, delivered: 0, pending: 3, dead: 3 });
    expect(tally.of(ELSEWHERE)).toEqual({ accepted: 0, delivered: 0, pending: 5, dead: 7 });
    expect([tally.sum("pending"), tally.sum("dead"), tally.sum("accepted")]).toEqual([8, 10, 1]);
  });

  test("the tally is zero for an unknown environment", () => {
    expect(new Tally([]).of(99)).toEqual(zero);
  });
});
