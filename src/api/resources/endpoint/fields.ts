/** The fields of an endpoint in the API, derived from its table. */
import { Type } from "@sinclair/typebox";
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
import { wordOut } from "../../http/schema.ts";

export const EndpointIn = field.object("EndpointIn", createProperties(endpointFields));
export const EndpointUpdate = field.object("EndpointUpdate", updateProperties(endpointFields));
export const EndpointPatch = field.object("EndpointPatch", patchProperties(endpointFields));
export const endpointOutFields = outputProperties(endpointFields);
export const EndpointOut = field.object("EndpointOut", endpointOutFields);
export const endpointExample = exampleOf(endpointFields);

export const endpointWarningsField = Type.Array(
  Type.Object({
    code: wordOut(["blocked", "dns", "private"]),
    detail: Type.String({ description: "What is wrong and what to do." }),
  }),
  {
    description:
      "Problems with the URL; empty if there are none. `blocked`: its address is not public, so deliveries become dead letters after two attempts. `dns`: its host name does not exist. `private`: some addresses of its host name are not public and are skipped.",
  },
);
/** An endpoint in the response to a request that created or changed it. */
export const EndpointWrittenOut = field.object("EndpointWrittenOut", {
  ...endpointOutFields,
  warnings: endpointWarningsField,
});
export const endpointWrittenExample = { ...endpointExample, warnings: [] };

export function endpointOut(endpoint: Endpoint, ids: IdCodec) {
  return outputOf(endpointFields, endpoint, ids);
}
