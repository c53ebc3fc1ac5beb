import { APPLICATION, createEndpoints, type Product } from "./product.ts";
import type { Case } from "./stall-case.ts";

const DENSE_FIELDS = 1000;
const SMALL_FIELDS = 3;
const MANY_TYPES = 100;
const MANY_KEYS = 150_000;
const MANY_ITEMS = 1_000_000;
const MANY_KEYS_BODY = `{"eventType":"a","payload":{${Array.from({ length: MANY_KEYS }, (_, i) => `"k${i}":1`).join()}}}`;

const schemaOf = (fields: number, title = "") => ({
  title,
  type: "object",
  properties: Object.fromEntries(
    Array.from({ length: fields }, (_, i) => [`field-${i}`, { type: "string", maxLength: 100 }]),
  ),
});

const typeName = (i: number) => `type-${i}`;

const createTypes = (count: number, fields: number) => async (server: Product) => {
  await createEndpoints(server, { receiverUrl: "", endpoints: 0, spread: false, concurrency: 1 });
  for (let i = 0; i < count; i++) {
    const schemas = { "1": schemaOf(fields, `v${i}`) };
    await server.call("POST", "/event-type", { name: typeName(i), description: "", schemas });
  }
};

const sendTo = (server: Product, i: number) =>
  server.call("POST", `/app/${APPLICATION}/msg`, { eventType: typeName(i), payload: { "field-0": "x" } });

/** Sends the first message after the start to each event type, all at once. */
const firstMessages = (count: number, fields: number): Case => ({
  prepare: createTypes(count, fields),
  run: async (server) => {
    await Promise.all(Array.from({ length: count }, (_, i) => sendTo(server, i)));
    return undefined;
  },
});

export const schemaCases: Readonly<Record<string, Case>> = {
  "first-small-schema": firstMessages(1, SMALL_FIELDS),
  "first-dense-schema": firstMessages(1, DENSE_FIELDS),
  "first-dense-schemas": firstMessages(MANY_TYPES, DENSE_FIELDS),
  "first-small-schemas": firstMessages(MANY_TYPES, SMALL_FIELDS),
  "changed-schema": {
    prepare: createTypes(1, DENSE_FIELDS),
    run: async (server) => {
      for (let i = 0; i < 10; i++) {
        const schemas = { "1": schemaOf(DENSE_FIELDS, `changed ${i}`) };
        await server.call("PATCH", `/event-type/${typeName(0)}`, { schemas });
        await sendTo(server, 0);
      }
      return undefined;
    },
  },
  "many-items": {
    prepare: createTypes(0, 0),
    run: async ({ messagesUrl, headers }) => {
      const body = `{"messages":[${"1,".repeat(MANY_ITEMS)}1]}`;
      const response = await fetch(`${messagesUrl}/batch`, { method: "POST", headers, body });
      await response.arrayBuffer();
      if (response.status !== 422) throw new Error(`The batch got the status ${response.status}.`);
      return undefined;
    },
  },
  "many-keys": {
    prepare: createTypes(0, 0),
    run: async ({ messagesUrl, headers }) => {
      // The text is built here and the response is not parsed, because work of this process on the
      // object would delay the measuring requests as well.
      const response = await fetch(messagesUrl, { method: "POST", headers, body: MANY_KEYS_BODY });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`The message was refused with ${response.status}.`);
      return undefined;
    },
  },
};
