import { Type } from "@sinclair/typebox";
import { SET } from "../../../commands/transformation.ts";
import { formatInstantOrNull } from "../../../core/instant.ts";
import type { Transformation } from "../../../core/resources/endpoint.ts";
import * as field from "../../http/fields.ts";
import { nullable, record } from "../../http/schema.ts";

export const CODE_CHARS_MIN = 10;
export const CODE_CHARS_MAX = 51_200;
const VARIABLES_MAX = 100;
const VARIABLE_CHARS_MAX = 10_000;

export const code = Type.String({ minLength: CODE_CHARS_MIN, maxLength: CODE_CHARS_MAX, description: "JavaScript." });

export const variables = nullable(
  record(Type.String({ maxLength: VARIABLE_CHARS_MAX }), {
    maxProperties: VARIABLES_MAX,
    description: `Texts that the code reads as \`variables.NAME\`. They replace all stored ones; the value \`${SET}\` keeps the stored value.`,
  }),
);

export const patchFields = {
  code: Type.Optional(
    nullable({ ...code, description: "JavaScript; null removes it and disables the transformation." }),
  ),
  enabled: Type.Optional(Type.Boolean({ description: "Whether the code runs. False at first." })),
  variables: Type.Optional(variables),
};

export const outFields = {
  code: nullable(Type.String()),
  enabled: Type.Boolean(),
  variables: nullable(
    Type.Record(Type.String(), Type.String(), { description: `The names; every value is \`${SET}\`.` }),
  ),
};

export const updatedAtOut = { updatedAt: nullable(field.instantOut) };

export function transformationOut({ code: stored, enabled, variables: all, updatedAt = null }: Transformation) {
  const names = Object.keys(all ?? {});
  return {
    code: stored,
    enabled,
    variables: all === null ? null : Object.fromEntries(names.map((name) => [name, SET])),
    updatedAt: formatInstantOrNull(updatedAt),
  };
}
