/**
 * The fields of an endpoint for operational webhooks. As in the Svix API, such endpoints have no
 * channels.
 */
import { type ArrayOptions, Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { operationalEventTypes } from "../../../core/operational.ts";
import { EVENT_TYPES_MAX } from "../../../core/resources/endpoint.ts";
import type { Endpoint } from "../../../store/index.ts";
import * as field from "../../http/fields.ts";
import { nullable } from "../../http/schema.ts";
import {
  EndpointIn,
  EndpointOut,
  EndpointUpdate,
  endpointExample,
  endpointOut,
  endpointWarningsField,
} from "../endpoint/fields.ts";

const eventTypes = (options: ArrayOptions) =>
  Type.Optional(
    nullable(
      Type.Array(field.eventTypeName, {
        maxItems: EVENT_TYPES_MAX,
        examples: [["message.attempt.failing"]],
        ...options,
      }),
    ),
  );

const { url, description, disabled, metadata, throttleRate, rateLimit } = EndpointUpdate.properties;

const shared = {
  url,
  uid: field.uid("ep_", "endpoint", "environment"),
  description,
  disabled,
  eventTypes: eventTypes({
    description: `Subscribe only to these event types; null or absent means all. Available: ${operationalEventTypes.join(", ")}.`,
    minItems: 1,
  }),
  filterTypes: eventTypes({ description: "Old name of `eventTypes`. An empty list means null." }),
  metadata,
  throttleRate,
  rateLimit,
};

export const OperationalWebhookEndpointUpsertIn = field.object("OperationalWebhookEndpointUpsertIn", shared);

export const OperationalWebhookEndpointIn = field.object("OperationalWebhookEndpointIn", {
  ...shared,
  secret: EndpointIn.properties.secret,
  headers: EndpointIn.properties.headers,
});

const OUT_FIELDS = [
  "id",
  "uid",
  "url",
  "description",
  "disabled",
  "eventTypes",
  "filterTypes",
  "metadata",
  "throttleRate",
  "rateLimit",
  "failingSince",
  "createdAt",
  "updatedAt",
] as const;

export const OperationalWebhookEndpointOut = Type.Pick(EndpointOut, OUT_FIELDS, {
  title: "OperationalWebhookEndpointOut",
});

/** An endpoint in the response to a request that created or changed it. */
export const OperationalWebhookEndpointWrittenOut = field.object("OperationalWebhookEndpointWrittenOut", {
  ...OperationalWebhookEndpointOut.properties,
  warnings: endpointWarningsField,
});

type Out<Of extends object> = Pick<Of, (typeof OUT_FIELDS)[number] & keyof Of>;

function outFieldsOf<Of extends Record<(typeof OUT_FIELDS)[number], unknown>>(endpoint: Of): Out<Of> {
  return Object.fromEntries(OUT_FIELDS.map((name) => [name, endpoint[name]])) as Out<Of>;
}

export function operationalEndpointOut(endpoint: Endpoint, ids: IdCodec) {
  return outFieldsOf(endpointOut(endpoint, ids));
}

export const operationalEndpointExample = {
  ...outFieldsOf(endpointExample),
  eventTypes: ["message.attempt.failing"],
  filterTypes: ["message.attempt.failing"],
};

export const operationalEndpointWrittenExample = { ...operationalEndpointExample, warnings: [] };
