import {
  alias,
  createdAt,
  defaultsOf,
  key,
  type RecordOf,
  required,
  rowNumber,
  setting,
  state,
  updatedAt,
} from "./field.ts";
import { quotaType } from "./quota.ts";
import { label, metadata, rateLimit, throttleRate, uid } from "./shared.ts";
import { id, nullableOutput } from "./value-type.ts";

/** All fields of an application. To add a field, add a line here and a column in a migration. */
export const applicationFields = {
  seq: key("app_"),
  environmentSeq: rowNumber(),
  /** The source that this application stands behind. Null for ordinary applications. */
  sourceSeq: { ...state(nullableOutput(id("src_")), null, { output: "never" }), fixed: true as const },
  uid: setting(uid("app_", "application", "environment"), null, { output: "unless null", example: "customer-17" }),
  name: required(label("Display name.", { minLength: 1 }), { example: "Customer 17" }),
  /** Maximum attempts per second to all endpoints of the application together. */
  throttleRate: setting(
    throttleRate("Maximum attempts per second over all endpoints of the application; null means no limit."),
    null,
  ),
  rateLimit: alias("throttleRate", rateLimit, { output: "unless null" }),
  quota: setting(quotaType, null, { example: { endpoints: 10, messagesPerDay: 10_000, storedBytes: null } }),
  metadata: setting(metadata, {}),
  createdAt,
  updatedAt,
};

export interface Application extends RecordOf<typeof applicationFields> {}

interface Plain extends Pick<Application, "seq" | "environmentSeq" | "name"> {
  readonly now: number;
}

/** Returns a new application. Absent fields get their defaults. */
export function plainApplication({ now, ...given }: Plain): Application {
  return { ...defaultsOf(applicationFields), ...given, createdAt: now, updatedAt: now };
}
