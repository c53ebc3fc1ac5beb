import type { IdCodec } from "../../../core/id.ts";
import { environmentFields } from "../../../core/resources/environment.ts";
import type { Environment } from "../../../store/index.ts";
import * as field from "../../http/fields.ts";
import { createProperties, exampleOf, outputOf, outputProperties, updateProperties } from "../../http/resource.ts";

export const EnvironmentModelIn = field.object("EnvironmentModelIn", createProperties(environmentFields));
export const EnvironmentModelUpdate = field.object("EnvironmentModelUpdate", updateProperties(environmentFields));
export const EnvironmentModelOut = field.object("EnvironmentModelOut", outputProperties(environmentFields));
export const environmentExample = exampleOf(environmentFields);

export function environmentOut(environment: Environment, ids: IdCodec) {
  return outputOf(environmentFields, environment, ids);
}
