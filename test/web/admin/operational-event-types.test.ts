import { expect, test } from "bun:test";
import { operationalEventTypes } from "../../../src/core/operational.ts";
import { OPERATIONAL_EVENT_TYPES } from "../../../web/admin/operational/event-types.ts";

test("the page of operational webhooks offers exactly the event types that are sent", () => {
  expect(OPERATIONAL_EVENT_TYPES.map(({ name }) => name)).toEqual([...operationalEventTypes]);
});
