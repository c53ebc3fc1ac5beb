import { describe, expect, test } from "bun:test";
import type { LiveChanged, Overview } from "../../../src/api/types.ts";
import { concerns, mergeChange } from "../../../web/admin/changes.ts";

type Summary = Overview["messages"][number];

const message = (id: string, delivered = 0) => ({ id, deliveries: { delivered } }) as unknown as Summary;
const NOTHING: LiveChanged = { topics: [], ids: [], unlisted: [] };
const base = { environment: "default", accepted: 2, pending: 1, messages: [message("b"), message("a")] } as Overview;

describe("an overview with a change", () => {
  test("has the fields of the change, the new messages first, and the changed messages in their places", () => {
    const messages = [message("c"), message("a", 1)];
    const next = mergeChange(base, { accepted: 3, messages, changed: NOTHING });
    const expected = { ...base, accepted: 3, messages: [message("c"), message("b"), message("a", 1)] };
    expect(next).toEqual(expected);
  });

  test("has at most 50 messages", () => {
    const messages = Array.from({ length: 50 }, (_, at) => message(`new-${at}`));
    expect(mergeChange(base, { messages, changed: NOTHING }).messages).toEqual(messages);
  });
});

describe("whether a change concerns topics", () => {
  const busy: LiveChanged = {
    topics: ["messages", "deliveries", "deadLetters"],
    ids: ["ep_1"],
    unlisted: ["messages"],
  };
  const cases: readonly [LiveChanged | null, readonly string[], string][] = [
    [null, ["endpoints"], "yes"],
    [NOTHING, ["endpoints", "msg_1"], "no"],
    [{ ...NOTHING, topics: ["deliveries"], ids: ["msg_1"] }, ["msg_1"], "yes"],
    [{ ...NOTHING, topics: ["deliveries"], ids: ["msg_1"] }, ["msg_2"], "no"],
    [{ ...NOTHING, topics: ["deliveries"], ids: ["msg_1"] }, ["deliveries"], "yes"],
    [busy, ["msg_2"], "maybe"],
    [busy, ["ep_1"], "yes"],
    [busy, ["ep_2"], "no"],
    [busy, ["messages"], "maybe"],
    [busy, ["deadLetters"], "yes"],
    [busy, ["sources"], "no"],
    [busy, ["msg_2", "ep_1"], "yes"],
    [busy, [], "no"],
  ];
  for (const [changed, topics, expected] of cases) {
    test(`a change ${JSON.stringify(changed)} and the topics ${JSON.stringify(topics)}: ${expected}`, () => {
      expect(concerns(changed, topics)).toBe(expected as "yes" | "maybe" | "no");
    });
  }
});
