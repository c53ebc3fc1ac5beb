/**
 * A resource is described by one table of its fields: an object with one entry per field, in the
 * order of the API. The following are derived from the table: the store's SQL and record type, the
 * API's schemas, examples and conversions, and the OpenAPI document.
 */
import type { IdPrefix, Seq } from "../id.ts";
import { id, instant, integer, type OutputType, type ValueType } from "./value-type.ts";

type Need = "required" | "optional" | "no";

/** The places where a field occurs, and its name in JSON. */
export interface Traits {
  /** Whether requests that create the resource contain this field. */
  readonly create: Need;
  /**
   * Whether requests that replace the resource (PUT) contain this field. In a PATCH, the same
   * fields are optional.
   */
  readonly update: Need;
  readonly output: "always" | "unless null" | "never";
  /** Whether the record contains the field. If not, responses contain its default. */
  readonly stored: boolean;
  /** Whether the table defines the value for a new record. */
  readonly hasDefault: boolean;
  /** The name in JSON; null if it is the same as in the record. */
  readonly json: string | null;
}

/**
 * An entry of a table: a field with values of type `V` in memory, `I` in requests and `O` in
 * responses.
 */
export interface Field<V = unknown, I = unknown, O = unknown, T extends Traits = Traits> {
  readonly type: OutputType<V, O> | ValueType<V, I, O>;
  readonly traits: T;
  readonly initial?: V;
  /** The value in examples in the OpenAPI document. If absent, the default is used. */
  readonly example?: O;
  /** Whether the field never changes after creation. */
  readonly fixed?: true;
  /** For an alias: the field that it is another name of. */
  readonly aliasOf?: string;
  /** For an alias: true if requests must not contain both the alias and the field. */
  readonly excludesOther?: boolean;
}

export type Fields = Readonly<Record<string, Field>>;

export type ValueOf<F> = F extends Field<infer V, infer _I, infer _O, infer _T> ? V : never;
export type InputOf<F> = F extends Field<infer _V, infer I, infer _O, infer _T> ? I : never;
export type ResultOf<F> = F extends Field<infer _V, infer _I, infer O, infer _T> ? O : never;

/** The names of fields whose trait `Name` is one of `Value`. */
export type Where<F extends Fields, Name extends keyof Traits, Value> = {
  [K in keyof F & string]: F[K]["traits"][Name] extends Value ? K : never;
}[keyof F & string];

/** The record that the store keeps of a resource. */
export type RecordOf<F extends Fields> = { readonly [K in Where<F, "stored", true>]: ValueOf<F[K]> };

type Defaults<F extends Fields, K extends keyof F> = {
  readonly [N in K & Where<F, "stored", true> & Where<F, "hasDefault", true>]: ValueOf<F[N]>;
};

/** Returns the defaults of all stored fields that have one. */
export function defaultsOf<F extends Fields>(fields: F): Defaults<F, keyof F> {
  return initialOf(fields, () => true);
}

/** Returns the defaults of the stored fields that clients may change. */
export function settingsOf<F extends Fields>(fields: F): Defaults<F, Where<F, "update", "required" | "optional">> {
  return initialOf(fields, ({ traits }) => traits.update !== "no");
}

function initialOf<R>(fields: Fields, isWanted: (field: Field) => boolean): R {
  const wanted = Object.entries(fields).filter(
    ([, field]) => field.traits.stored && field.traits.hasDefault && isWanted(field),
  );
  return Object.fromEntries(wanted.map(([name, { initial }]) => [name, initial])) as R;
}

/** Options of a field, in addition to those that its kind implies. */
interface Options<O> extends Partial<Omit<Traits, "hasDefault">> {
  readonly example?: O;
  readonly excludesOther?: boolean;
}

type Override<T extends Traits, More> = {
  readonly [K in keyof Traits]: K extends keyof More ? Extract<More[K], Traits[K]> : T[K];
};

type Rest<V> = Pick<Field<V>, "initial" | "fixed" | "aliasOf">;

function field<V, I, O, T extends Traits, More extends Options<O>>(
  type: OutputType<V, O> | ValueType<V, I, O>,
  traits: T,
  more: More | undefined,
  rest: Rest<V> = {},
): Field<V, I, O, Override<T, More>> {
  const { example, excludesOther, ...changes }: Options<O> = more ?? {};
  const all = { ...traits, ...changes } as unknown as Override<T, More>;
  return {
    type,
    traits: all,
    ...(example !== undefined && { example }),
    ...(excludesOther && { excludesOther }),
    ...rest,
  };
}

const INTERNAL = { create: "no", update: "no", output: "never", stored: true, hasDefault: false, json: null } as const;
const STATE = { ...INTERNAL, output: "always" } as const;
const STATE_AT_FIRST = { ...STATE, hasDefault: true } as const;
const REQUIRED = { ...STATE, create: "required", update: "required" } as const;
const SETTING = { ...STATE, create: "optional", update: "optional", hasDefault: true } as const;
const REQUIRED_AT_CREATION = { ...REQUIRED, update: "no" } as const;
const AT_CREATION = { ...SETTING, update: "no" } as const;
const ALIAS = { ...SETTING, stored: false, hasDefault: false } as const;

/** The row's number, which is the `id` in JSON. */
export function key(prefix: IdPrefix) {
  const example = `${prefix}0KfxFXFUH4hEMq0Y8gpRxcT2bSr`;
  const type = id(prefix, { description: "Assigned by the server.", examples: [example] });
  return field(type, { ...STATE, json: "id" } as const, { example }, { fixed: true });
}

/** The number of this row or of a row that it belongs to. Responses do not contain the number. */
export function rowNumber(): Field<Seq, never, number, typeof INTERNAL> {
  return { type: integer(), traits: INTERNAL, fixed: true };
}

/** A field that requests must contain. */
export function required<V, I, O, const M extends Options<O> = object>(type: ValueType<V, I, O>, more?: M) {
  return field(type, REQUIRED, more);
}

/** A field that clients may set and change. */
export function setting<V, I, O, const M extends Options<O> = object>(
  type: ValueType<V, I, O>,
  initial: NoInfer<V>,
  more?: M,
) {
  return field(type, SETTING, more, { initial });
}

/** A field that clients may set only when they create the resource. */
export function atCreation<V, I, O, const M extends Options<O> = object>(
  type: ValueType<V, I, O>,
  initial: NoInfer<V>,
  more?: M,
) {
  return field(type, AT_CREATION, more, { initial });
}

/** A field that clients must set when they create the resource. */
export function requiredAtCreation<V, I, O, const M extends Options<O> = object>(type: ValueType<V, I, O>, more?: M) {
  return field(type, REQUIRED_AT_CREATION, more, { fixed: true });
}

/** A field that the server sets and that has no default. */
export function given<V, O, const M extends Options<O> = object>(type: OutputType<V, O>, more?: M) {
  return field<V, never, O, typeof STATE, M>(type, STATE, more);
}

/** A field that no request or response contains. */
export function internal<V, O>(type: OutputType<V, O>): Field<V, never, O, typeof INTERNAL> {
  return { type, traits: INTERNAL };
}

/** A field that the server changes. */
export function state<V, O, const M extends Options<O> = object>(
  type: OutputType<V, O>,
  initial: NoInfer<V>,
  more?: M,
) {
  return field<V, never, O, typeof STATE_AT_FIRST, M>(type, STATE_AT_FIRST, more, { initial });
}

/**
 * A second name of the field `aliasOf`. In requests that also contain that field, the alias is
 * ignored, or rejected if `excludesOther` is set.
 */
export function alias<V, I, O, const M extends Options<O> = object>(
  aliasOf: string,
  type: ValueType<V, I, O>,
  more?: M,
) {
  return field(type, ALIAS, more, { aliasOf });
}

const EXAMPLE_INSTANT = "2026-01-01T00:00:00.000Z";
export const exampleInstant = instant({ examples: [EXAMPLE_INSTANT] });

export const createdAt = field(exampleInstant, STATE, { example: EXAMPLE_INSTANT }, { fixed: true });
export const updatedAt = field(exampleInstant, STATE, { example: EXAMPLE_INSTANT });
