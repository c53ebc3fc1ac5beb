/**
 * JSON Schemas that callers send, made into checks of payloads. Draft-07 (also meant when a schema does not say which it is
 * of, as in the Svix API) and 2020-12. Nothing is ever fetched: a reference must lead to a place in the schema itself.
 */
import { Ajv, type ErrorObject, type Options, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Finding } from "../../core/problem.ts";
import { addFormats, addUniqueItems } from "./keywords.ts";
import { addMeter, Meter, metered, TooCostly } from "./metered.ts";
import { makePattern } from "./pattern.ts";

/** Of one schema as JSON. Compiling takes time, so this is also a limit on how long that can hold others up. */
export const schemaBytesMax = 64 * 1024;

/** Says why a payload does not fit, at most one finding a place; empty when it fits. Never throws. */
export type PayloadCheck = (payload: unknown) => readonly Finding[];

/** It cannot be used as a schema. */
export class UnusableSchema extends Error {
  override readonly name = "UnusableSchema";
  constructor(
    message: string,
    /** Where in the schema. */
    readonly path: readonly string[] = [],
  ) {
    super(message);
  }
}

const DRAFT_07 = /^https?:\/\/json-schema\.org\/draft-0[467]\/schema#?$/;
const DRAFT_2020 = /^https?:\/\/json-schema\.org\/draft\/20(19-09|20-12)\/schema#?$/;
/** More than this many findings help nobody. */
const FINDINGS_MAX = 20;
const SEGMENT_CHARS_MAX = 128;

/** Throws `UnusableSchema`. */
export function compileSchema(schema: unknown): PayloadCheck {
  if (typeof schema !== "boolean" && (typeof schema !== "object" || schema === null || Array.isArray(schema))) {
    throw new UnusableSchema("A JSON Schema is an object.");
  }
  checkSize(schema);
  const Validator = validatorOf(schema);
  checkForm(schema, Validator);
  const meter = new Meter();
  const validate = compiled(schema, Validator, meter);
  // One that refers to itself without end shows it with any payload.
  const check: PayloadCheck = (payload) => findings(validate, meter, payload);
  if (check({}).some(({ type }) => type === ENDLESS)) {
    throw new UnusableSchema("It cannot be applied: it refers to itself without end.");
  }
  return check;
}

function checkSize(schema: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(schema));
  if (bytes > schemaBytesMax) {
    throw new UnusableSchema(`It is ${bytes} bytes long as JSON; at most ${schemaBytesMax} are taken.`);
  }
}

type Validator = typeof Ajv | typeof Ajv2020;

function validatorOf(schema: object | boolean): Validator {
  const dialect = (schema as { $schema?: unknown }).$schema;
  if (dialect === undefined || (typeof dialect === "string" && DRAFT_07.test(dialect))) return Ajv;
  if (typeof dialect === "string" && DRAFT_2020.test(dialect)) return Ajv2020;
  const known = "http://json-schema.org/draft-07/schema# and https://json-schema.org/draft/2020-12/schema";
  throw new UnusableSchema(`Unknown dialect; these are known: ${known}.`, ["$schema"]);
}

/** Schemas of schemas, made at the first use. */
const forms = new Map<Validator, Ajv>();

/** Is it a schema at all? */
function checkForm(schema: object | boolean, Validator: Validator): void {
  let form = forms.get(Validator);
  if (form === undefined) {
    form = new Validator({ strict: false, logger: false, validateFormats: false });
    forms.set(Validator, form);
  }
  if (form.validateSchema(withoutDialect(schema)) === true) return;
  const [first] = form.errors ?? [];
  const path = (first?.instancePath ?? "").split("/").slice(1).map(unescapePointer);
  throw new UnusableSchema(
    `Not a JSON Schema: ${sentence(first?.message ?? "it does not have the form of one")}`,
    path,
  );
}

/** The choice has been made; older dialects are checked by the rules of the newer one. */
function withoutDialect(schema: object | boolean): object | boolean {
  if (typeof schema === "boolean") return schema;
  const { $schema: _, ...rest } = schema as { $schema?: unknown };
  return rest;
}

const OPTIONS: Options = {
  strict: false,
  logger: false,
  meta: false,
  validateSchema: false,
  allErrors: true,
  // A payload has no `constructor` because every object has one.
  ownProperties: true,
  // One that is used in many places would be compiled for each of them.
  inlineRefs: false,
};

/** A validator of its own for each schema: what one names `$id` is not seen by another, and it all goes when it is dropped. */
function compiled(schema: object | boolean, Validator: Validator, meter: Meter): ValidateFunction {
  const regExp = Object.assign((source: string) => makePattern(source, meter) as RegExp, { code: "" });
  const ajv = new Validator({ ...OPTIONS, code: { optimize: false, regExp } });
  addMeter(ajv, meter);
  addFormats(ajv);
  addUniqueItems(ajv, meter);
  refuseHiddenReferences(schema);
  try {
    return ajv.compile(metered(withoutDialect(schema)) as object | boolean);
  } catch (error) {
    throw new UnusableSchema(compileProblem(error));
  }
}

const REFERENCES = new Set(["$ref", "$dynamicRef"]);

/** What stands under `const` and `enum` is data and is not counted, so it cannot be taken for a schema elsewhere. */
function refuseHiddenReferences(schema: unknown): void {
  JSON.stringify(schema, (name, value: unknown) => {
    if (REFERENCES.has(name) && typeof value === "string" && /\/(const|enum)\//.test(value)) {
      throw new UnusableSchema("A reference must not lead into const or enum.");
    }
    return value;
  });
}

function compileProblem(error: unknown): string {
  if (error instanceof RangeError) return "It is nested too deep.";
  if (!(error instanceof Error)) return "It cannot be compiled.";
  const { missingRef } = error as { missingRef?: string };
  if (missingRef === undefined) return `It cannot be compiled: ${sentence(error.message.slice(0, SEGMENT_CHARS_MAX))}`;
  return `The reference ${missingRef.slice(0, SEGMENT_CHARS_MAX)} leads to no place in the schema; nothing is fetched.`;
}

const ENDLESS = "schema.endless";

function findings(validate: ValidateFunction, meter: Meter, payload: unknown): readonly Finding[] {
  meter.start();
  try {
    return validate(payload) ? none : findingsOf(validate.errors ?? [], payload);
  } catch (error) {
    if (error instanceof TooCostly) return [overall("It takes too many steps to check it.", "schema.cost")];
    if (error instanceof RangeError) return [overall("It cannot be checked: the schema goes on without end.", ENDLESS)];
    throw error;
  }
}

const none: readonly Finding[] = [];
const ROOT = ["body", "payload"];

function overall(msg: string, type: string): Finding {
  return { loc: ROOT, msg, type };
}

function findingsOf(errors: readonly ErrorObject[], payload: unknown): Finding[] {
  const found = new Map<string, Finding>();
  for (const error of errors) {
    const segments = [...error.instancePath.split("/").slice(1).map(unescapePointer), ...ownSegment(error)];
    const place = segments.join("/");
    if (found.has(place)) continue;
    const type = `schema.${error.keyword}`;
    found.set(place, { loc: [...ROOT, ...locOf(segments, payload)], msg: messageOf(error), type });
    if (found.size === FINDINGS_MAX) break;
  }
  return [...found.values()];
}

/** The field that is missing, or should not be there. */
function ownSegment({ params }: ErrorObject): string[] {
  const own = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty;
  return typeof own === "string" ? [own] : [];
}

/** None of the messages holds a part of the payload. */
function messageOf({ keyword, message, params }: ErrorObject): string {
  if (keyword === "required") return "This field is required.";
  if (params.additionalProperty !== undefined || params.unevaluatedProperty !== undefined) {
    return "The schema does not know this field.";
  }
  return sentence(message ?? "does not fit the schema");
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}

/** `items`, `0`, `id` → `items`, `[0]`, `id`, as everywhere in the API. */
function locOf(segments: readonly string[], payload: unknown): string[] {
  let at = payload;
  return segments.map((segment) => {
    const text = Array.isArray(at) ? `[${segment}]` : segment.slice(0, SEGMENT_CHARS_MAX);
    at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[segment] : undefined;
    return text;
  });
}

function unescapePointer(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}
