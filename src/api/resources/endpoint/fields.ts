/** An endpoint's fields in the API, derived from its table. */
import type { IdCodec } from "../../../core/id.ts";
import { type Endpoint, endpointFields } from "../../../core/resources/endpoint.ts";
import * as field from "../../http/fields.ts";
import {
  createProperties,
  exampleOf,
  outputOf,
  outputProperties,
  patchProperties,
  updateProperties,
} from "../../http/resource.ts";

export const EndpointIn = field.object("EndpointIn", createProperties(endpointFields));
export const EndpointUpdate = field.object("EndpointUpdate", updateProperties(endpointFields));
export const EndpointPatch = field.object("EndpointPatch", patchProperties(endpointFields));
export const endpointOutFields = outputProperties(endpointFields);
export const EndpointOut = field.object("EndpointOut", endpointOutFields);
export const endpointExample = exampleOf(endpointFields);

export function endpointOut(endpoint: Endpoint, ids: IdCodec) {
  return outputOf(endpointFields, endpoint, ids);
}
