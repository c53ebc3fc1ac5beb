import { Type } from "@sinclair/typebox";
import { setMark } from "../../../core/endpoint-auth.ts";
import { formatInstantOrNull } from "../../../core/instant.ts";
import {
  noTransformation,
  type Transformation,
  transformationCode,
  transformationFields,
} from "../../../core/resources/endpoint-transformation.ts";
import * as field from "../../http/fields.ts";
import { inputSchema } from "../../http/resource.ts";
import { nullable } from "../../http/schema.ts";

export const code = inputSchema(transformationCode);
export const variables = inputSchema(transformationFields.variables);

export const patchFields = {
  code: Type.Optional(inputSchema(transformationFields.code)),
  enabled: Type.Optional(inputSchema(transformationFields.enabled)),
  variables: Type.Optional(variables),
};

export const outFields = {
  code: nullable(Type.String()),
  enabled: Type.Boolean(),
  variables: nullable(
    Type.Record(Type.String(), Type.String(), { description: `The names; every value is \`${setMark}\`.` }),
  ),
};

export const updatedAtOut = { updatedAt: nullable(field.instantOut) };

export function transformationOut(transformation: Transformation | null) {
  const { code: stored, enabled, variables: all, updatedAt = null } = transformation ?? noTransformation;
  const names = Object.keys(all ?? {});
  return {
    code: stored,
    enabled,
    variables: all === null ? null : Object.fromEntries(names.map((name) => [name, setMark])),
    updatedAt: formatInstantOrNull(updatedAt),
  };
}
