import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  ENDPOINTS,
  EVENT_TYPES,
  endpointLink,
  messageLink,
  NEW_ENDPOINT,
  parseRoute,
  settingsLink,
} from "../../../web/portal/route.ts";

test("an empty hash leads to the list of endpoints", () => {
  for (const hash of ["", "#", "#/", ENDPOINTS, `${ENDPOINTS}/`])
    expect(parseRoute(hash)).toEqual({ page: "endpoints" });
  expect(parseRoute(NEW_ENDPOINT)).toEqual({ page: "new-endpoint" });
  expect(parseRoute(EVENT_TYPES)).toEqual({ page: "event-types" });
});

test("every portal link leads to its page, whatever characters the ids contain", () => {
  const id = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !["new", ".", ".."].includes(text));
  fc.assert(
    fc.property(id, id, (endpoint, message) => {
      expect(parseRoute(endpointLink(endpoint))).toEqual({ page: "endpoint", endpoint });
      expect(parseRoute(settingsLink(endpoint))).toEqual({ page: "settings", endpoint });
      expect(parseRoute(messageLink(endpoint, message))).toEqual({ page: "message", endpoint, message });
    }),
  );
});

test("an id of one or two dots is not accepted, even if it is escaped", () => {
  for (const dots of [".", "..", "%2e", "%2E%2e", ".%2e"]) {
    for (const hash of [`${ENDPOINTS}/${dots}`, `${ENDPOINTS}/${dots}/settings`, `${ENDPOINTS}/a/messages/${dots}`]) {
      expect(parseRoute(hash)).toEqual({ page: "unknown" });
    }
  }
  expect(parseRoute(`${ENDPOINTS}/...`)).toEqual({ page: "endpoint", endpoint: "..." });
});

test("any other hash leads to the page for unknown addresses", () => {
  for (const hash of [
    "#/what",
    "#/endpoints/a/b",
    "#/endpoints/a/messages",
    "#/event-types/a",
    "#/endpoints/a/settings/b",
  ]) {
    expect(parseRoute(hash)).toEqual({ page: "unknown" });
  }
  fc.assert(fc.property(fc.string(), (hash) => void parseRoute(hash)));
});
