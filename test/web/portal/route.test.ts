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

test("the empty address and the list of endpoints are the same", () => {
  for (const hash of ["", "#", "#/", ENDPOINTS, `${ENDPOINTS}/`])
    expect(parseRoute(hash)).toEqual({ page: "endpoints" });
  expect(parseRoute(NEW_ENDPOINT)).toEqual({ page: "new-endpoint" });
  expect(parseRoute(EVENT_TYPES)).toEqual({ page: "event-types" });
});

test("every link leads to the page that it names, whatever characters the ids have", () => {
  const id = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !["new", ".", ".."].includes(text));
  fc.assert(
    fc.property(id, id, (endpoint, message) => {
      expect(parseRoute(endpointLink(endpoint))).toEqual({ page: "endpoint", endpoint });
      expect(parseRoute(settingsLink(endpoint))).toEqual({ page: "settings", endpoint });
      expect(parseRoute(messageLink(endpoint, message))).toEqual({ page: "message", endpoint, message });
    }),
  );
});

test("dots that a path would take for a step are no id, however they are written", () => {
  for (const dots of [".", "..", "%2e", "%2E%2e", ".%2e"]) {
    for (const hash of [`${ENDPOINTS}/${dots}`, `${ENDPOINTS}/${dots}/settings`, `${ENDPOINTS}/a/messages/${dots}`]) {
      expect(parseRoute(hash)).toEqual({ page: "unknown" });
    }
  }
  expect(parseRoute(`${ENDPOINTS}/...`)).toEqual({ page: "endpoint", endpoint: "..." });
});

test("any other address is unknown and none breaks the page", () => {
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
