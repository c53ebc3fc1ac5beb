import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startServer, type TestServer } from "../support/server.ts";
import facts from "./fixtures/svix-operations.json";

/**
 * Compares our OpenAPI document with extracts of two Svix documents: `server` describes the
 * open-source server, and `sdk` is the source of the SDKs. Our responses must have every field that
 * those documents require, and our server must accept every request that they allow.
 */

/**
 * A schema of our document or of an extract. Extracts use OpenAPI 3.0 without descriptions, with
 * `ref` for the name of a schema in the same document.
 */
interface Schema {
  readonly ref?: string;
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly pattern?: string;
  readonly uniqueItems?: boolean;
  readonly [limit: string]: unknown;
}
interface TheirOperation {
  readonly codes?: readonly string[];
  readonly query?: Readonly<Record<string, Schema>>;
  readonly body?: Schema;
  readonly bodyRequired?: boolean;
  readonly responses?: Readonly<Record<string, Schema | null>>;
}
interface Theirs {
  readonly operations: Readonly<Record<string, TheirOperation>>;
  readonly schemas: Readonly<Record<string, Schema>>;
}
type Content = Readonly<Record<string, { readonly schema: Schema }>>;
interface OurOperation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

const { models, ...documents } = facts as unknown as Readonly<Record<"server" | "sdk", Theirs>> & {
  /** The fields that either JavaScript SDK requires, by model. */
  readonly models: Readonly<Record<string, readonly string[]>>;
};

/** Operations of Svix products that we do not offer, each with the reason. */
const unsupported: ReadonlyArray<readonly [RegExp, string]> = [
  [/\/api\/v1\/stream(\/|$)|\/auth\/stream|\/destination(\/|$)/, "streaming: there are no streams and no sinks"],
  [/\/api\/v1\/connector(\/|$)/, "connectors: they belong to the hosted portal"],
  [/\/integration(\/|$)/, "integrations: they belong to the hosted portal"],
];

/** Intended differences, as `METHOD path where: what`, each with the reason. */
const intended: ReadonlyArray<readonly [RegExp, string]> = [
  [/send-example 202$/, "the open-source server returns 200"],
  [/\.status(Text)?: (4|canceled) is not among/, "the SDKs know canceled deliveries, although that server has none"],
  [/recover 202 \.status: finished\|failed/, "a task may already be finished in the response, as the SDKs allow"],
  [/^POST \/api\/v1\/environment\/export 200 \.connectors\[\]/, "always an empty list"],
  [/^PATCH .* body .*: (minLength|minItems|minimum) 1, not 0$/, "a PATCH has the same limits as the creation"],
  [/^PATCH .* body \.channels: maxItems 10,/, "a PATCH has the same limits as the creation"],
  [/bulk-replay body \.eventTypes: minItems 1,/, "an empty list could mean all types or none, so it is invalid"],
  [
    /management\/environment.* body \.name: pattern /,
    "the name is also sent in a header, which cannot carry every text",
  ],
  [/\.payload: null is not object$/, "only for a message of a source whose body is not JSON"],
  [/ body \.featureFlags: maxItems 25,/, "the other document has the same limit"],
  [/ \?limit: (maximum 250|minimum 1),/, "that server has the same limits, although its document does not say so"],
];

let server: TestServer;
let ours: { paths: Record<string, Record<string, OurOperation>>; components: { schemas: Record<string, Schema> } };
beforeAll(async () => {
  server = await startServer();
  ours = (await (await fetch(`${server.url}/docs/json`)).json()) as typeof ours;
});
afterAll(() => server.stop());

/**
 * Returns the alternatives that a schema allows, with references resolved. If the schema is
 * nullable, null is an alternative.
 */
function alternatives(schema: Schema, schemas: Readonly<Record<string, Schema>>): Schema[] {
  const name = schema.ref ?? schema.$ref?.replace("#/components/schemas/", "");
  const nothing: Schema[] = schema.nullable === true ? [{ type: "null" }] : [];
  if (name !== undefined) return [...alternatives(schemas[name] ?? {}, schemas), ...nothing];
  const several = schema.anyOf ?? schema.oneOf;
  if (several !== undefined) return [...several.flatMap((one) => alternatives(one, schemas)), ...nothing];
  if (schema.allOf !== undefined) return [merged(schema, schemas), ...nothing];
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? typeOfValues(schema)];
  return [...types.map((type) => ({ ...schema, type })), ...nothing];
}

function merged(schema: Schema, schemas: Readonly<Record<string, Schema>>): Schema {
  const parts = [schema, ...(schema.allOf ?? []).flatMap((one) => alternatives(one, schemas))];
  return {
    type: "object",
    required: parts.flatMap(({ required = [] }) => required),
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
  };
}

function typeOfValues({ enum: values, properties }: Schema): string {
  if (values !== undefined) return typeof values[0] === "number" ? "integer" : "string";
  return properties === undefined ? "any" : "object";
}

const upperLimits = ["maximum", "maxLength", "maxItems", "maxProperties"];
const lowerLimits = ["minimum", "minLength", "minItems", "minProperties"];

/** Checks that one schema accepts every value that another schema allows. */
class Comparison {
  readonly found: string[] = [];

  constructor(
    /** Schemas of the side that sends values. */
    private readonly given: Readonly<Record<string, Schema>>,
    /** Schemas of the side that must accept the values. */
    private readonly taken: Readonly<Record<string, Schema>>,
    private readonly limits: boolean,
  ) {}

  /**
   * Checks that every value of `given` is valid for `taken`. `nullIsAbsent`: both sides treat null
   * as absent.
   */
  compare(given: Schema, taken: Schema, at: string, nullIsAbsent = false): void {
    const takers = alternatives(taken, this.taken);
    for (const one of alternatives(given, this.given)) {
      if (one.type === "null" && nullIsAbsent) continue;
      const fitting = takers.filter(({ type }) => fits(one.type as string, type as string));
      if (fitting.length === 0)
        this.found.push(`${at}: ${one.type} is not ${takers.map(({ type }) => type).join("|")}`);
      else this.#fewest(fitting.map((taker) => this.#within(one, taker, at)));
    }
  }

  #fewest(all: string[][]): void {
    this.found.push(...all.sort((a, b) => a.length - b.length)[0]!);
  }

  #within(given: Schema, taken: Schema, at: string): string[] {
    const inner = new Comparison(this.given, this.taken, this.limits);
    inner.#compareAlike(given, taken, at);
    return inner.found;
  }

  #compareAlike(given: Schema, taken: Schema, at: string): void {
    if (this.limits) this.#compareLimits(given, taken, at);
    this.#compareValues(given, taken, at);
    if (given.items !== undefined && taken.items !== undefined) this.compare(given.items, taken.items, `${at}[]`);
    const values = [valuesOf(given), valuesOf(taken)] as const;
    if (values[0] !== undefined && values[1] !== undefined) this.compare(values[0], values[1], `${at}{}`);
    this.#compareProperties(given, taken, at);
  }

  #compareValues(given: Schema, taken: Schema, at: string): void {
    if (taken.enum === undefined || given.enum === undefined) {
      if (taken.enum !== undefined && this.limits) this.found.push(`${at}: only ${taken.enum.join("|")}`);
      return;
    }
    const foreign = given.enum.filter((value) => !taken.enum!.includes(value));
    if (foreign.length > 0) this.found.push(`${at}: ${foreign.join("|")} is not among ${taken.enum.join("|")}`);
  }

  #compareLimits(given: Schema, taken: Schema, at: string): void {
    for (const [limits, sign] of [
      [upperLimits, 1],
      [lowerLimits, -1],
    ] as const) {
      for (const limit of limits) {
        const bound = taken[limit] as number | undefined;
        const allowed = limitOf(limit, given);
        if (bound !== undefined && sign * bound < sign * allowed) {
          this.found.push(`${at}: ${limit} ${bound}, not ${allowed}`);
        }
      }
    }
    if (taken.pattern !== undefined && !(given.pattern !== undefined && isWithin(given.pattern, taken.pattern))) {
      this.found.push(`${at}: pattern ${taken.pattern}, not ${given.pattern}`);
    }
    if (taken.uniqueItems === true && given.uniqueItems !== true) this.found.push(`${at}: unique items`);
  }

  #compareProperties(given: Schema, taken: Schema, at: string): void {
    const { required = [], properties: wanted = {} } = taken;
    for (const name of required) {
      if (!given.required?.includes(name)) this.found.push(`${at}.${name}: may be absent`);
    }
    for (const [name, schema] of Object.entries(given.properties ?? {})) {
      const taker = wanted[name];
      if (taker !== undefined) this.compare(schema, taker, `${at}.${name}`, !this.limits && !required.includes(name));
    }
  }
}

/** The lowest limits that our document may have where the Svix schema states no limit. */
const leastLimits: Readonly<Record<string, number>> = { maxLength: 4096, maxItems: 100, maxProperties: 100 };

function limitOf(limit: string, { [limit]: own, format, pattern, enum: values }: Schema): number {
  if (own !== undefined) return own as number;
  const lengths = values?.map((value) => String(value).length);
  if (lengths !== undefined && limit === "maxLength") return Math.max(...lengths);
  if (lengths !== undefined && limit === "minLength") return Math.min(...lengths);
  if (limit === "maximum") return format === "uint16" ? 65_535 : Number.POSITIVE_INFINITY;
  if (limit === "minimum") return format?.toString().startsWith("uint") ? 0 : Number.NEGATIVE_INFINITY;
  if (limit === "minLength") return pattern?.endsWith("+$") ? 1 : 0;
  return leastLimits[limit] ?? 0;
}

const characters = Array.from({ length: 126 }, (_, code) => String.fromCharCode(code + 1));

/** Returns whether `wide` accepts every single character that `narrow` accepts. */
function isWithin(narrow: string, wide: string): boolean {
  const [inner, outer] = [new RegExp(narrow), new RegExp(wide)];
  return characters.every((character) => !inner.test(character) || outer.test(character));
}

function valuesOf({ additionalProperties, patternProperties }: Schema): Schema | undefined {
  return additionalProperties ?? Object.values(patternProperties ?? {})[0];
}

function fits(given: string, taken: string): boolean {
  return given === taken || given === "any" || taken === "any" || (given === "integer" && taken === "number");
}

function ourOperation(key: string): OurOperation | undefined {
  const [method, path] = key.split(" ") as [string, string];
  return ours.paths[path]?.[method.toLowerCase()];
}

/** Yields the operations that exist on both sides. */
function* shared(theirs: Theirs): Generator<[string, TheirOperation, OurOperation]> {
  for (const [key, operation] of Object.entries(theirs.operations)) {
    const own = ourOperation(key);
    if (own !== undefined) yield [key, operation, own];
  }
}

function jsonOf(content: Content | undefined): Schema | undefined {
  return content?.["application/json"]?.schema;
}

/** Intended differences that have been found. */
const needed = new Set<RegExp>();

function isUnintended(difference: string): boolean {
  const [reason] = intended.find(([pattern]) => pattern.test(difference)) ?? [];
  if (reason !== undefined) needed.add(reason);
  return reason === undefined;
}

function unintended(key: string, found: readonly string[]): string[] {
  return found.map((one) => `${key} ${one}`).filter(isUnintended);
}

for (const source of ["server", "sdk"] as const) {
  const theirs = documents[source];

  describe(`our OpenAPI document compared with the Svix document "${source}"`, () => {
    test(`every supported operation of the Svix document "${source}" is in our document`, () => {
      const keys = Object.keys(theirs.operations);
      expect(keys.length).toBeGreaterThan(40);
      const missing = keys.filter((key) => ourOperation(key) === undefined);
      expect(missing.filter((key) => !unsupported.some(([pattern]) => pattern.test(key)))).toEqual([]);
    });

    test(`every success status of the Svix document "${source}" is in our document`, () => {
      const missing = [...shared(theirs)].flatMap(([key, { codes = [] }, own]) =>
        codes
          .filter((code) => code.startsWith("2") && own.responses[code] === undefined)
          .map((code) => `${key} ${code}`),
      );
      expect(missing.filter(isUnintended)).toEqual([]);
    });

    test(`our responses have every field that the Svix document "${source}" requires, with a compatible type`, () => {
      const found = [...shared(theirs)].flatMap(([key, { responses = {} }, own]) =>
        Object.entries(responses).flatMap(([code, schema]) => {
          const mine = jsonOf(own.responses[code]?.content);
          if (schema === null || mine === undefined) return [];
          const comparison = new Comparison(ours.components.schemas, theirs.schemas, false);
          comparison.compare(mine, schema, `${code} `);
          return unintended(key, comparison.found);
        }),
      );
      expect(found).toEqual([]);
    });

    test(`every response that has a body in the Svix document "${source}" has one in our document`, () => {
      const found = [...shared(theirs)].flatMap(([key, { responses = {} }, own]) =>
        Object.entries(responses)
          .filter(([code, schema]) => schema !== null && own.responses[code] !== undefined)
          .filter(([code]) => jsonOf(own.responses[code]?.content) === undefined)
          .map(([code]) => `${key} ${code} body`),
      );
      expect(found.filter(isUnintended)).toEqual([]);
    });

    test(`our document allows every request body that the Svix document "${source}" allows`, () => {
      const found = [...shared(theirs)].flatMap(([key, { body, bodyRequired }, own]) => {
        const mine = jsonOf(own.requestBody?.content);
        if (mine === undefined) return [];
        if (body === undefined) return own.requestBody?.required ? [`${key} body: must be there`] : [];
        const comparison = new Comparison(theirs.schemas, ours.components.schemas, true);
        comparison.compare(body, mine, "body ");
        if (!bodyRequired && own.requestBody?.required) comparison.found.push("body: must be there");
        return unintended(key, comparison.found);
      });
      expect(found).toEqual([]);
    });

    test(`our document allows every query parameter that the Svix document "${source}" allows`, () => {
      const found = [...shared(theirs)].flatMap(([key, { query = {} }, own]) => {
        const comparison = new Comparison(theirs.schemas, ours.components.schemas, true);
        const mine = (own.parameters ?? []).filter((parameter) => parameter.in === "query");
        for (const { name, schema } of mine) {
          const theirsOne = query[name];
          // A query cannot contain null.
          if (theirsOne !== undefined) comparison.compare({ ...theirsOne, nullable: false }, schema, `?${name}`, true);
        }
        return unintended(key, comparison.found);
      });
      expect(found).toEqual([]);
    });
  });
}

test("our responses have every field that a model of the Svix SDKs 1.99 or 2 requires", () => {
  const missing = Object.entries(models).flatMap(([name, fields]) => {
    const { required = [] } = ours.components.schemas[name] ?? {};
    return fields.filter((field) => !required.includes(field)).map((field) => `${name}.${field}`);
  });
  expect(models.EndpointOut).toContain("version");
  expect(missing).toEqual([]);
});

test("every entry in the list of unsupported operations matches an operation that is missing here", () => {
  const keys = [...Object.keys(documents.server.operations), ...Object.keys(documents.sdk.operations)];
  for (const [pattern, reason] of unsupported) {
    const absent = keys.filter((key) => pattern.test(key) && ourOperation(key) === undefined);
    expect([reason, absent.length > 0]).toEqual([reason, true]);
  }
});

// This test must be the last one, because the others record the differences that they find.
test("every intended difference still exists", () => {
  expect(intended.filter(([pattern]) => !needed.has(pattern))).toEqual([]);
});
