import { afterAll, beforeAll, expect, test } from "bun:test";
import { makeApplication } from "../support/client.ts";
import { type Installation, install } from "../support/installation.ts";

/** The validator generates code at run time, which must also work in the executable. */

let boathook: Installation;
beforeAll(async () => {
  boathook = await install();
});
afterAll(() => boathook[Symbol.asyncDispose]());

const dialects = ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"];
for (const $schema of dialects) {
  test(`the executable validates messages against a schema of ${$schema}`, async () => {
    const { send } = boathook;
    const app = await makeApplication(send);
    const schema = { $schema, required: ["id"], properties: { id: { type: "string", format: "email" } } };
    const eventType = `type${dialects.indexOf($schema)}`;
    const type = { name: eventType, description: "", validation: "reject", schemas: { "1": schema } };
    expect((await send("POST", "/event-type", type)).status).toBe(201);
    const statusOf = async (payload: object) => (await send("POST", `/app/${app}/msg`, { eventType, payload })).status;
    expect([await statusOf({ id: "a@b.example" }), await statusOf({ id: "x" }), await statusOf({})]).toEqual([
      202, 422, 422,
    ]);
    const bad = { ...type, name: `${eventType}.bad`, schemas: { "1": { $schema, type: "objekt" } } };
    expect((await send("POST", "/event-type", bad)).status).toBe(422);
  });
}
