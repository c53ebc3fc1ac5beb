/** The fields of a payload version in the API, derived from its table. */
import type { IdCodec } from "../../../core/id.ts";
import { type PayloadVersion, payloadVersionFields } from "../../../core/resources/payload-version.ts";
import * as field from "../../http/fields.ts";
import { createProperties, exampleOf, outputOf, outputProperties, patchProperties } from "../../http/resource.ts";

export const PayloadVersionIn = field.object("PayloadVersionIn", createProperties(payloadVersionFields));
export const PayloadVersionPatch = field.object("PayloadVersionPatch", patchProperties(payloadVersionFields));
export const PayloadVersionOut = field.object("PayloadVersionOut", outputProperties(payloadVersionFields));
export const payloadVersionExample = exampleOf(payloadVersionFields);

export function payloadVersionOut(version: PayloadVersion, ids: IdCodec) {
  return outputOf(payloadVersionFields, version, ids);
}
