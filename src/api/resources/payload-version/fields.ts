/** The fields of a payload version in the API, derived from its table. */
import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { formatInstantOrNull } from "../../../core/instant.ts";
import { type PayloadVersion, payloadVersionFields } from "../../../core/resources/payload-version.ts";
import * as field from "../../http/fields.ts";
import { createProperties, exampleOf, outputOf, outputProperties, patchProperties } from "../../http/resource.ts";

export const PayloadVersionIn = field.object("PayloadVersionIn", createProperties(payloadVersionFields));
export const PayloadVersionPatch = field.object("PayloadVersionPatch", patchProperties(payloadVersionFields));
export const PayloadVersionOut = field.object("PayloadVersionOut", outputProperties(payloadVersionFields));
/** The fields by which a receiver chooses a version. */
export const PayloadVersionSummaryOut = field.object("PayloadVersionSummaryOut", {
  version: PayloadVersionOut.properties.version,
  description: PayloadVersionOut.properties.description,
  deprecatedAt: PayloadVersionOut.properties.deprecatedAt,
  sunsetAt: PayloadVersionOut.properties.sunsetAt,
});
export const PayloadVersionUsageOut = field.object("PayloadVersionUsageOut", {
  count: Type.Integer({ minimum: 0, description: "Number of endpoints that are pinned to the version." }),
});
export const payloadVersionExample = exampleOf(payloadVersionFields);

export function payloadVersionOut(version: PayloadVersion, ids: IdCodec) {
  return outputOf(payloadVersionFields, version, ids);
}

export function payloadVersionSummaryOut(version: PayloadVersion) {
  return {
    version: version.version,
    description: version.description,
    deprecatedAt: formatInstantOrNull(version.deprecatedAt),
    sunsetAt: formatInstantOrNull(version.sunsetAt),
  };
}
