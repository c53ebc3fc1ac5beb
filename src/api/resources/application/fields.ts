/** The fields of an application: as they are sent, and as they are answered. */
import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import type { Application } from "../../../store/index.ts";
import * as field from "../../http/fields.ts";

const properties = {
  uid: field.uid("app_", "application"),
  throttleRate: field.throttleRate("Attempts a second at most, over all its endpoints; null = no limit."),
  rateLimit: field.rateLimit,
  metadata: field.metadata,
};
const name = field.text("For people.", { minLength: 1 });

export const ApplicationIn = field.object("ApplicationIn", { name, ...properties });
export const ApplicationPatch = field.object("ApplicationPatch", { name: Type.Optional(name), ...properties });

export const ApplicationOut = field.object("ApplicationOut", {
  id: field.idOut("app_"),
  uid: Type.Optional(Type.String()),
  name: Type.String(),
  throttleRate: Type.Union([Type.Integer(), Type.Null()]),
  rateLimit: Type.Optional(Type.Integer({ deprecated: true })),
  metadata: Type.Record(Type.String(), Type.String()),
  createdAt: field.instantOut,
  updatedAt: field.instantOut,
});

export const applicationExample = {
  id: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  uid: "customer-17",
  name: "Customer 17",
  throttleRate: null,
  metadata: {},
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
};

/** `uid` and `rateLimit` are left out when they are not set, as the Svix API does. */
export function applicationOut(application: Application, ids: IdCodec) {
  return {
    id: ids.encode("app_", application.seq),
    ...(application.uid !== null && { uid: application.uid }),
    name: application.name,
    throttleRate: application.throttleRate,
    ...(application.throttleRate !== null && { rateLimit: application.throttleRate }),
    metadata: application.metadata,
    createdAt: formatInstant(application.createdAt),
    updatedAt: formatInstant(application.updatedAt),
  };
}
