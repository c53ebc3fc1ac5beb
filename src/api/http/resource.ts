/** Schemas, examples and conversions of a resource, derived from its table of fields. */
import {
  type Static,
  type TObject,
  type TOptional,
  type TProperties,
  type TSchema,
  type TUnsafe,
  Type,
} from "@sinclair/typebox";
import { IdCodec } from "../../core/id.ts";
import { invalid } from "../../core/problem.ts";
import {
  type Field,
  type Fields,
  type InputOf,
  type RecordOf,
  type ResultOf,
  settingsOf,
  type Traits,
  type Where,
} from "../../core/resources/field.ts";
import type { Form, ValueType } from "../../core/resources/value-type.ts";
import { nullable, record, ruled } from "./schema.ts";

/** Returns the schema for a value in requests. */
export function inputSchema<V, I, O>({ input }: ValueType<V, I, O>): TUnsafe<I> {
  return schemaOf(input) as TUnsafe<I>;
}

function schemaOf(form: Form): TSchema {
  const { rule, shown = {} } = form;
  const schema =
    rule === undefined ? typeOf(form, shown) : ruled(typeOf(form), rule as (value: unknown) => string | null, shown);
  return form.nullable ? nullable(schema) : schema;
}

function typeOf(form: Form, shown: object = {}): TSchema {
  const { type, keywords: checked, items = { type: "object" } } = form;
  const keywords = { ...checked, ...shown };
  switch (type) {
    case "string":
      return Type.String(keywords);
    case "integer":
      return Type.Integer(keywords);
    case "boolean":
      return Type.Boolean(keywords);
    case "array":
      return Type.Array(schemaOf(items), keywords);
    case "map":
      return record(schemaOf(items), keywords);
    case "object":
      return Type.Object(propertiesOf(form), keywords);
    case "null":
      return Type.Null(keywords);
  }
}

function propertiesOf({ fields = {}, required = [] }: Form): TProperties {
  const properties: TProperties = {};
  for (const [name, form] of Object.entries(fields)) {
    const schema = schemaOf(form);
    properties[name] = required.includes(name) ? schema : Type.Optional(schema);
  }
  return properties;
}

type Json<F extends Fields, K extends keyof F> = F[K]["traits"]["json"] extends infer N extends string ? N : K;

type Needed<F extends Fields, K extends keyof F> = { [N in K as Json<F, N>]: TUnsafe<InputOf<F[N]>> };
type Optional<F extends Fields, K extends keyof F> = { [N in K as Json<F, N>]: TOptional<TUnsafe<InputOf<F[N]>>> };

export type CreateProperties<F extends Fields> = Needed<F, Where<F, "create", "required">> &
  Optional<F, Where<F, "create", "optional">>;
export type UpdateProperties<F extends Fields> = Needed<F, Where<F, "update", "required">> &
  Optional<F, Where<F, "update", "optional">>;
export type PatchProperties<F extends Fields> = Optional<F, Where<F, "update", "required" | "optional">>;
export type OutputProperties<F extends Fields> = {
  [K in Where<F, "output", "always"> as Json<F, K>]: TUnsafe<ResultOf<F[K]>>;
} & {
  [K in Where<F, "output", "unless null"> as Json<F, K>]: TOptional<TUnsafe<NonNullable<ResultOf<F[K]>>>>;
};

/**
 * Returns the body properties of a request that creates the resource. Required fields come first.
 */
export function createProperties<F extends Fields>(fields: F) {
  return inputProperties(fields, "create") as CreateProperties<F>;
}

export function updateProperties<F extends Fields>(fields: F) {
  return inputProperties(fields, "update") as UpdateProperties<F>;
}

export function patchProperties<F extends Fields>(fields: F) {
  const properties = Object.entries(inputProperties(fields, "update"));
  return Object.fromEntries(properties.map(([name, schema]) => [name, Type.Optional(schema)])) as PatchProperties<F>;
}

function inputProperties(fields: Fields, body: "create" | "update"): TProperties {
  const properties: TProperties = {};
  for (const need of ["required", "optional"] as const) {
    for (const [name, field] of Object.entries(fields)) {
      if (field.traits[body] !== need) continue;
      const schema = schemaOf(withDefault(field));
      properties[field.traits.json ?? name] = need === "required" ? schema : Type.Optional(schema);
    }
  }
  return properties;
}

/** Adds the default to the documentation, unless it is null, empty or an object. */
function withDefault(field: Field): Form {
  const { input } = field.type as ValueType;
  const value = defaultOf(field);
  const isEmpty = value === null || value === "" || typeof value === "object";
  return isEmpty ? input : { ...input, keywords: { default: value, ...input.keywords } };
}

/** A codec for values without ids, such as defaults. Its seed does not matter. */
export const noIds = new IdCodec([0, 0, 0, 0]);

/** Returns the default as JSON, or null if there is none. */
function defaultOf({ type, initial }: Field): unknown {
  return initial === undefined ? null : type.format(initial, noIds);
}

export function outputProperties<F extends Fields>(fields: F) {
  const properties: TProperties = {};
  for (const [name, { type, traits }] of Object.entries<Field>(fields)) {
    if (traits.output === "never") continue;
    const json = traits.json ?? name;
    if (traits.output === "always") properties[json] = schemaOf(type.output);
    else properties[json] = Type.Optional(schemaOf({ ...type.output, nullable: false }));
  }
  return properties as OutputProperties<F>;
}

export type Output<F extends Fields> = Static<TObject<OutputProperties<F>>>;

/** Returns an example response for the OpenAPI document. */
export function exampleOf<F extends Fields>(fields: F): Output<F> {
  const examples: Record<string, unknown> = {};
  for (const [name, field] of Object.entries<Field>(fields)) {
    const { traits, aliasOf, example } = field;
    if (traits.output === "never") continue;
    const value = example ?? defaultOf(aliasOf === undefined ? field : { ...fields[aliasOf], ...field });
    if (value !== null || traits.output === "always") examples[traits.json ?? name] = value;
  }
  return examples as Output<F>;
}

interface Shown {
  readonly json: string;
  readonly omitsNull: boolean;
  valueIn(record: Readonly<Record<string, unknown>>, ids: IdCodec): unknown;
}

/**
 * The fields that responses contain, by table. They are computed once, because lists have hundreds
 * of records.
 */
const shownOf = new WeakMap<Fields, readonly Shown[]>();

function prepareShown(fields: Fields): readonly Shown[] {
  const shown = Object.entries(fields)
    .filter(([, { traits }]) => traits.output !== "never")
    .map(([name, { type, traits, aliasOf, initial }]): Shown => {
      const source = aliasOf ?? name;
      const isRead = traits.stored || aliasOf !== undefined;
      return {
        json: traits.json ?? name,
        omitsNull: traits.output === "unless null",
        valueIn: (record, ids) => type.format(isRead ? record[source] : initial, ids),
      };
    });
  shownOf.set(fields, shown);
  return shown;
}

/** Converts a record into a response. */
export function outputOf<F extends Fields>(fields: F, record: RecordOf<F>, ids: IdCodec): Output<F> {
  const output: Record<string, unknown> = {};
  for (const { json, omitsNull, valueIn } of shownOf.get(fields) ?? prepareShown(fields)) {
    const value = valueIn(record, ids);
    if (value !== null || !omitsNull) output[json] = value;
  }
  return output as Output<F>;
}

type Sent<F extends Fields> = Partial<Static<TObject<CreateProperties<F>>>>;

/** Throws 422 if a request contains a field under both of its names and the field forbids that. */
export function checkAliases(fields: Fields, sent: object): void {
  for (const [name, { traits, aliasOf, excludesOther }] of Object.entries(fields)) {
    if (aliasOf === undefined || !excludesOther) continue;
    const [json, other] = [traits.json ?? name, fields[aliasOf]!.traits.json ?? aliasOf];
    if (!Object.hasOwn(sent, json) || !Object.hasOwn(sent, other)) continue;
    throw invalid(["body", json], `Must not be sent together with \`${other}\`, of which it is the old name.`);
  }
}

/** Returns a new record: `blank` with the request's values filled in. */
export function applyCreate<F extends Fields, R extends Partial<RecordOf<F>>>(fields: F, blank: R, sent: Sent<F>): R {
  return overlaid(fields, blank, sent, ({ create }) => create !== "no");
}

/**
 * Returns the record with the request's values, including null. Fields that are absent in the
 * request are unchanged.
 */
export function applyPatch<F extends Fields, R extends Partial<RecordOf<F>>>(fields: F, before: R, sent: Sent<F>): R {
  return overlaid(fields, before, sent, ({ update }) => update !== "no");
}

/** Returns the record after a PUT. Fields that are absent in the request get their defaults. */
export function applyPut<F extends Fields, R extends Partial<RecordOf<F>>>(fields: F, before: R, sent: Sent<F>): R {
  return applyPatch(fields, { ...before, ...settingsOf(fields) }, sent);
}

function overlaid<R extends object>(fields: Fields, before: R, sent: object, isOpen: (traits: Traits) => boolean): R {
  const inputs: Readonly<Record<string, unknown>> = { ...sent };
  const after = { ...before } as Record<string, unknown>;
  for (const [name, { type, traits, aliasOf }] of Object.entries(fields)) {
    const input = inputs[traits.json ?? name];
    if (input === undefined || !isOpen(traits)) continue;
    if (aliasOf !== undefined && inputs[fields[aliasOf]!.traits.json ?? aliasOf] !== undefined) continue;
    if (traits.stored || aliasOf !== undefined) after[aliasOf ?? name] = (type as ValueType).parse(input);
  }
  return after as R;
}
