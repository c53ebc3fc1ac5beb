import { expect, test } from "bun:test";
import type { Endpoint } from "../../../src/api/types.ts";
import { changeOf, creationOf, type Draft, draftOf, problemOf, wordsOf } from "../../../web/kit/endpoint/draft.ts";
import { ENDPOINT_FIELDS, PORTAL_FIELDS } from "../../../web/kit/endpoint/fields.ts";
import { scheduleWords } from "../../../web/kit/endpoint/schedule.ts";

const FIELDS = ENDPOINT_FIELDS;
const endpoint = {
  url: "https://example.com/hook",
  description: "The books",
  eventTypes: ["invoice.paid"],
  channels: ["eu", "us"],
  throttleRate: 5,
  apiVersion: "2026-11-01",
  concurrency: null,
  ordering: "fifo",
  payloadMode: "reference",
  timeoutMs: 2_000,
  retrySchedule: ["5s", "5m"],
  uid: "books",
  metadata: { plan: "pro" },
} as unknown as Endpoint;
const saved = draftOf(FIELDS, endpoint);
const edit = (texts: Draft["texts"], draft: Draft = saved): Draft => ({
  ...draft,
  texts: { ...draft.texts, ...texts },
});
const change = (texts: Draft["texts"]) => changeOf(FIELDS, edit(texts), saved);

test("a form that has not been edited has no problems and changes nothing", () => {
  expect(problemOf(FIELDS, saved)).toBeNull();
  expect(changeOf(FIELDS, saved, saved)).toEqual({});
});

test("an edited form sends only the fields that differ from the saved state", () => {
  expect(change({ description: " Invoices ", throttleRate: "" })).toEqual({
    description: "Invoices",
    throttleRate: null,
  });
  expect(changeOf(FIELDS, { ...saved, eventTypes: null }, saved)).toEqual({ eventTypes: null });
  expect(change({ uid: " ", timeoutMs: "500", ordering: "parallel" })).toEqual({
    uid: null,
    timeoutMs: 500,
    ordering: "parallel",
  });
  expect(change({ metadata: "" })).toEqual({ metadata: {} });
  expect(change({ metadata: '{"plan":"free"}' })).toEqual({ metadata: { plan: "free" } });
});

test("the order of a list and repeated items do not count as a change", () => {
  expect(change({ channels: "us, eu,, us" })).toEqual({});
  expect(change({ channels: "us" })).toEqual({ channels: ["us"] });
  expect(change({ channels: " , " })).toEqual({ channels: null });
});

test("a retry schedule keeps its order, and may be empty or the default", () => {
  expect(change({ retrySchedule: "5m, 5 s" })).toEqual({ retrySchedule: ["5m", "5s"] });
  expect(change({ retrySchedule: "None" })).toEqual({ retrySchedule: [] });
  expect(change({ retrySchedule: "" })).toEqual({ retrySchedule: null });
  expect(draftOf(FIELDS, { ...endpoint, retrySchedule: [] }).texts.retrySchedule).toBe("none");
});

test("batches are entered as the number of messages and the wait", () => {
  const limits = { maxMessages: 100, maxWaitMs: 5000 };
  expect(change({ batch: " 100 ,5000" })).toEqual({ batch: limits });
  expect(change({ batch: "" })).toEqual({});
  const draft = draftOf(FIELDS, { ...endpoint, batch: limits });
  expect(draft.texts.batch).toBe("100, 5000");
  expect(changeOf(FIELDS, edit({ batch: "100,5000" }, draft), draft)).toEqual({});
  expect(changeOf(FIELDS, edit({ batch: "" }, draft), draft)).toEqual({ batch: null });
});

test("a new endpoint is sent with the fields of the form", () => {
  const draft = edit({ url: "https://example.com/hook" }, draftOf(PORTAL_FIELDS, null));
  const portal = {
    url: "https://example.com/hook",
    description: "",
    eventTypes: null,
    channels: null,
    throttleRate: null,
    batch: null,
    payloadMode: "full" as const,
    apiVersion: null,
  };
  expect(creationOf(PORTAL_FIELDS, draft)).toEqual(portal);
  expect(creationOf(FIELDS, edit({ url: "https://example.com/hook" }, draftOf(FIELDS, null)))).toEqual({
    ...portal,
    concurrency: null,
    ordering: "parallel",
    timeoutMs: null,
    retrySchedule: null,
    uid: null,
    metadata: {},
  });
});

const problems: [string, Draft, string | null][] = [
  ["a URL without a scheme", edit({ url: "example.com" }), "url"],
  ["an empty URL", draftOf(FIELDS, null), "url"],
  ["an empty selection of event types", { ...saved, eventTypes: [] }, "eventTypes"],
  ["a rate of 0", edit({ throttleRate: "0" }), "throttleRate"],
  ["a rate with a fraction", edit({ throttleRate: "1.5" }), "throttleRate"],
  ["the highest rate", edit({ throttleRate: "65535" }), null],
  ["a rate above the highest", edit({ throttleRate: "65536" }), "throttleRate"],
  ["an empty rate", edit({ throttleRate: "" }), null],
  ["the smallest batch", edit({ batch: "1, 0" }), null],
  ["the largest batch", edit({ batch: "1000, 3600000" }), null],
  ["a batch of too many messages", edit({ batch: "1001, 0" }), "batch"],
  ["a batch that waits too long", edit({ batch: "1, 3600001" }), "batch"],
  ["a batch without a wait", edit({ batch: "100" }), "batch"],
  ["a batch with a unit", edit({ batch: "100, 5s" }), "batch"],
  ["a timeout below the lowest", edit({ timeoutMs: "99" }), "timeoutMs"],
  ["metadata that are no JSON", edit({ metadata: "plan: pro" }), "metadata"],
  ["metadata with a number", edit({ metadata: '{"plan":1}' }), "metadata"],
  ["metadata that are a list", edit({ metadata: '["a"]' }), "metadata"],
];
for (const [what, draft, name] of problems) {
  test(`${what} is ${name === null ? "accepted" : `reported at the field ${name}`}`, () => {
    expect(problemOf(FIELDS, draft)?.name ?? null).toBe(name as never);
  });
}

test("users without edit permission see every value as text", () => {
  const shown = (of: Endpoint) => PORTAL_FIELDS.map((field) => wordsOf(field, of));
  expect(shown(endpoint)).toEqual([
    "https://example.com/hook",
    "",
    "The books",
    "invoice.paid",
    "eu, us",
    "5",
    "one by one",
    "reference",
    "2026-11-01",
  ]);
  const open = { ...endpoint, eventTypes: null, channels: null, throttleRate: null, apiVersion: null };
  const words = ["all", "all", "no limit", "one by one", "reference", "the form before the first version"];
  expect(shown(open).slice(3)).toEqual(words);
});

test("the throttle of an endpoint is labelled in attempts, because retries count as well", () => {
  expect(ENDPOINT_FIELDS.find(({ name }) => name === "throttleRate")!.label).toBe("Maximum attempts per second");
});

test("a retry schedule is explained by its delays, their sum and the number of attempts", () => {
  const table: [readonly string[], string | null][] = [
    [[], "No retries: 1 attempt."],
    [["5s"], "Retries after 5 s, in all 5 s: 2 attempts."],
    [["5s", "5m", "1.5h"], "Retries after 5 s, 5 min and 1 h 30 min, in all 1 h 35 min: 4 attempts."],
    [
      Array(14).fill("1d"),
      `Retries after ${Array(12).fill("1 d").join(", ")} and 2 more delays, in all 14 d: 15 attempts.`,
    ],
    [["soon"], null],
  ];
  for (const [delays, words] of table) expect(scheduleWords(delays)).toBe(words);
});

const CODE = "async function handler(event, ctx) {}\n";
const savedFunction = draftOf(FIELDS, {
  ...endpoint,
  url: "function:",
  function: { code: CODE, secrets: { ONE: "[set]", TWO: "[set]" } },
} as Endpoint);

test("a new endpoint with the URL of functions has code and secrets", () => {
  const draft = {
    ...edit({ url: " function: ", function: CODE }, draftOf(PORTAL_FIELDS, null)),
    secrets: '{"A": "b"}',
  };
  expect(problemOf(PORTAL_FIELDS, draft)).toBeNull();
  expect(creationOf(PORTAL_FIELDS, draft)).toMatchObject({
    url: "function:",
    function: { code: CODE, secrets: { A: "b" } },
  });
  expect(creationOf(PORTAL_FIELDS, edit({ url: "https://example.com/" }, draft))).not.toHaveProperty("function");
});

test("a secret that the user removes is removed from the function, and the others are kept", () => {
  expect(changeOf(FIELDS, savedFunction, savedFunction)).toEqual({});
  const draft = { ...savedFunction, secrets: '{"TWO": "[set]", "THREE": "3"}' };
  expect(changeOf(FIELDS, draft, savedFunction)).toEqual({
    function: { code: CODE, secrets: { ONE: null, TWO: "[set]", THREE: "3" } },
  });
});

test("a function that gets an address loses its code", () => {
  const draft = edit({ url: "https://example.com/" }, savedFunction);
  expect(changeOf(FIELDS, draft, savedFunction)).toEqual({ url: "https://example.com/", function: null });
});

test("secrets that are no JSON object of texts are a problem of the function", () => {
  expect(problemOf(FIELDS, { ...savedFunction, secrets: '{"A": 1}' })).toEqual({
    name: "function",
    text: "The secrets must be a JSON object whose values are strings.",
  });
});
