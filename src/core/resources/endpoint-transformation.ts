/** The form of the field `transformation` of endpoints. */
import { setMark } from "../endpoint-auth.ts";
import { flag, map, nullable, struct, text, type ValueType } from "./value-type.ts";

const CODE_CHARS_MIN = 10;
const CODE_CHARS_MAX = 51_200;
const VARIABLES_MAX = 100;
const VARIABLE_CHARS_MAX = 10_000;

/** Code that changes messages before they are delivered. */
export interface Transformation {
  readonly code: string | null;
  readonly enabled: boolean;
  /** Values that the code can read. */
  readonly variables: Readonly<Record<string, string>> | null;
  /** Time of the latest change. Absent or null if it was not recorded. */
  readonly updatedAt?: number | null;
}

export const noTransformation: Transformation = { code: null, enabled: false, variables: null, updatedAt: null };

const code = (description: string) => text({ minLength: CODE_CHARS_MIN, maxLength: CODE_CHARS_MAX, description });

export const transformationCode = code("JavaScript.");

/** The fields of a transformation that clients send. */
export const transformationFields = {
  code: nullable(code("JavaScript; null removes it and disables the transformation.")),
  enabled: flag({ description: "Whether the code runs. False at first." }),
  variables: nullable(
    map(text({ maxLength: VARIABLE_CHARS_MAX }), {
      maxProperties: VARIABLES_MAX,
      description: `Texts that the code reads as \`variables.NAME\`. They replace all stored ones; the value \`${setMark}\` keeps the stored value.`,
    }),
  ),
};

const { code: storedCode, enabled, variables } = transformationFields;

const form = struct<Transformation>(
  { code: storedCode.input, enabled: enabled.input, variables: variables.input },
  [],
  {
    description: "Code that changes messages before they are delivered. See /docs/guide/transformations.",
    examples: [{ code: "function handler(webhook) { return webhook; }", enabled: true }],
  },
);

/** A transformation without code is stored as null. */
export const transformationType: ValueType<
  Transformation | null,
  Readonly<Record<string, unknown>> | null,
  Transformation | null
> = {
  ...nullable(form),
  parse: (input) => (input === null ? null : { ...noTransformation, ...(input as Partial<Transformation>) }),
};
