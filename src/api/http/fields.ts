/** Schemas of fields that several resources have. */
import { type TProperties, type TSchema, Type } from "@sinclair/typebox";
import type { IdPrefix } from "../../core/id.ts";
import * as shared from "../../core/resources/shared.ts";
import { headersMax, headersProblem, messageHeadersProblem } from "../../core/rule.ts";
import { inputSchema } from "./resource.ts";
import { nullable, record, ruled } from "./schema.ts";

export const uid = (prefix: IdPrefix, thing: string, parent: string) =>
  Type.Optional(inputSchema(shared.uid(prefix, thing, parent)));

export const idOut = (prefix: IdPrefix, description = "Assigned by the server.") =>
  Type.String({ description, examples: [`${prefix}0KfxFXFUH4hEMq0Y8gpRxcT2bSr`] });

export const eventTypeName = inputSchema(shared.eventTypeName);
export const channel = inputSchema(shared.channel);
export const channels = (description: string) => Type.Optional(inputSchema(shared.channels(description)));
export const text = (description: string, keywords?: { minLength?: number }) =>
  inputSchema(shared.label(description, keywords));
export const metadata = Type.Optional(inputSchema(shared.metadata));
export const throttleRate = (description: string) => Type.Optional(inputSchema(shared.throttleRate(description)));
export const rateLimit = Type.Optional(inputSchema(shared.rateLimit));
export const headers = inputSchema(shared.headers);

export const headerChanges = ruled(record(nullable(Type.String()), { maxProperties: headersMax }), headersProblem, {
  description: `Headers to set; null removes a header. ${shared.HEADERS_LIMIT}`,
  examples: [{ "X-Example": "123", "X-Old": null }],
});

/** Headers for one message. */
export const messageHeaders = ruled(record(Type.String(), { maxProperties: headersMax }), messageHeadersProblem, {
  description: `Headers to send with this message only, including \`content-type\`. ${shared.HEADERS_LIMIT}`,
  examples: [{ "X-Example": "123" }],
});

export const instantOut = Type.String({ format: "date-time", examples: ["2026-01-01T00:00:00.000Z"] });

/** A page of a list. */
export const listOf = <Item extends TSchema>(title: string, item: Item) =>
  Type.Object(
    {
      data: Type.Array(item),
      iterator: nullable(Type.String({ description: "Pass it as `iterator` to get the next page." })),
      prevIterator: Type.Optional(Type.String({ description: "Pass it as `iterator` to get the previous page." })),
      done: Type.Boolean({ description: "Whether this is the last page in this direction." }),
    },
    { title: `ListResponse_${title}_` },
  );

export const object = <P extends TProperties>(title: string, properties: P, options: { description?: string } = {}) =>
  Type.Object(properties, { ...options, title });
