import { expect, test } from "bun:test";
import type { Endpoint } from "../../../src/api/types.ts";
import {
  changeOf,
  creationOf,
  type Draft,
  draftOf,
  ENDPOINT_FIELDS,
  problemOf,
  wordsOf,
} from "../../../web/portal/endpoint-fields.ts";

/** An endpoint with only the fields that the portal uses. */
const endpoint = {
  url: "https://example.com/hook",
  description: "The books",
  eventTypes: ["invoice.paid"],
  channels: ["eu", "us"],
  throttleRate: 5,
} as unknown as Endpoint;
const edit = (draft: Draft, texts: Draft["texts"]): Draft => ({ ...draft, texts: { ...draft.texts, ...texts } });

test("a form that has not been edited has no problems and changes nothing", () => {
  const draft = draftOf(endpoint);
  expect(problemOf(draft)).toBeNull();
  expect(changeOf(draft, draft)).toEqual({});
});

test("an edited form sends only the fields that differ from the saved state", () => {
  const saved = draftOf(endpoint);
  const draft = edit(saved, { description: " Invoices ", throttleRate: "" });
  expect(changeOf(draft, saved)).toEqual({ description: "Invoices", throttleRate: null });
  expect(changeOf({ ...saved, eventTypes: null }, saved)).toEqual({ eventTypes: null });
});

test("the order of a list and repeated items do not count as a change", () => {
  const saved = draftOf(endpoint);
  expect(changeOf(edit(saved, { channels: "us, eu,, us" }), saved)).toEqual({});
  expect(changeOf(edit(saved, { channels: "us" }), saved)).toEqual({ channels: ["us"] });
  expect(changeOf(edit(saved, { channels: " , " }), saved)).toEqual({ channels: null });
});

test("a new endpoint is sent with all fields", () => {
  const draft = edit(draftOf(null), { url: "https://example.com/hook" });
  expect(creationOf(draft)).toEqual({
    url: "https://example.com/hook",
    description: "",
    eventTypes: null,
    channels: null,
    throttleRate: null,
  });
});

const problems: [string, Draft, string | null][] = [
  ["a URL without a scheme", edit(draftOf(endpoint), { url: "example.com" }), "url"],
  ["a URL with another scheme", edit(draftOf(endpoint), { url: "ftp://example.com" }), "url"],
  ["an empty URL", draftOf(null), "url"],
  ["an empty selection of event types", { ...draftOf(endpoint), eventTypes: [] }, "eventTypes"],
  ["a rate of 0", edit(draftOf(endpoint), { throttleRate: "0" }), "throttleRate"],
  ["a rate with a fraction", edit(draftOf(endpoint), { throttleRate: "1.5" }), "throttleRate"],
  ["an empty rate", edit(draftOf(endpoint), { throttleRate: "" }), null],
];
for (const [what, draft, name] of problems) {
  test(`${what} is ${name === null ? "accepted" : `reported at the field ${name}`}`, () => {
    expect(problemOf(draft)?.name ?? null).toBe(name as never);
  });
}

test("users without edit permission see every value as text", () => {
  const shown = (of: Endpoint) => ENDPOINT_FIELDS.map((field) => wordsOf(field, of));
  expect(shown(endpoint)).toEqual(["https://example.com/hook", "The books", "invoice.paid", "eu, us", "5"]);
  const open = { ...endpoint, eventTypes: null, channels: null, throttleRate: null };
  expect(shown(open).slice(2)).toEqual(["all", "all", "no limit"]);
});

test("the throttle of an endpoint is labelled in attempts, because retries count as well", () => {
  expect(ENDPOINT_FIELDS.find(({ name }) => name === "throttleRate")!.label).toBe("Maximum attempts per second");
});
