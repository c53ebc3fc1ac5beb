/**
 * Checks one value against one schema or subschema. Each such visit charges the meter and applies
 * the schema's assertions.
 */
import { _, type Ajv, type CodeKeywordDefinition, type ErrorObject, Name } from "ajv";
import type { Assertion, Failure } from "./assertions.ts";
import type { Meter } from "./meter.ts";
import { UnusableSchema } from "./unusable-schema.ts";

/** The keyword that contains the `Visit` of a subschema in a prepared schema. */
export const visitKeyword = "x-boathook-visit";
/** Maximum number of findings of one check. */
export const findingsMax = 20;

/**
 * Cost per earlier error. The validator copies its list of errors, so a visit costs more as errors
 * accumulate. This also limits the number of errors.
 */
const STEPS_PER_EARLIER_ERROR = 1 / 8;
const STEPS_PER_FAILURE = 4;

/** Stops a check that has already found `findingsMax` errors. */
export class Enough extends Error {
  override readonly name = "Enough";
  constructor(readonly errors: readonly ErrorObject[]) {
    super();
  }
}

/** Checks values at one location of a schema. */
export class Visit {
  /** The failure of the latest visit, if any. */
  failure: Failure | null = null;
  /** An error that matters only if the subschema is used. */
  readonly flaw: UnusableSchema | null;
  readonly #meter: Meter;
  readonly #assertions: readonly Assertion[];
  readonly #steps: number;
  readonly #looksAtFields: boolean;

  /**
   * `steps` is the cost of the validator's own work per visit. If `looksAtFields` is true, each
   * field of an object is charged too.
   */
  constructor(
    meter: Meter,
    assertions: readonly Assertion[],
    {
      steps = 1,
      looksAtFields = false,
      flaw = null,
    }: { steps?: number; looksAtFields?: boolean; flaw?: UnusableSchema | null },
  ) {
    this.#meter = meter;
    this.#assertions = assertions;
    this.#steps = steps;
    this.#looksAtFields = looksAtFields;
    this.flaw = flaw;
  }

  /**
   * Returns whether the value is valid. `errors` is the number of errors that the validator's
   * current function has found so far.
   */
  accepts(value: unknown, errors: number): boolean {
    const meter = this.#meter;
    meter.spend(this.#steps + errors * STEPS_PER_EARLIER_ERROR);
    if (this.#looksAtFields && typeof value === "object" && value !== null && !Array.isArray(value)) {
      meter.fieldCount(value);
    }
    for (const assertion of this.#assertions) {
      this.failure = assertion(value, meter);
      if (this.failure === null) continue;
      meter.spend(STEPS_PER_FAILURE);
      return false;
    }
    return true;
  }
}

const isNoSchema = new UnusableSchema("A reference must point to a schema.");

/**
 * Prototype of maps from names to schemas. A reference may point to such a map as if it were a
 * schema. The map has no visit that would count the cost, so it is rejected as a schema.
 */
export const mapPrototype: object = Object.create(Object.prototype, { [visitKeyword]: { value: isNoSchema } });

/**
 * Appends an error in the validator's own format. The name and parameters are short, because the
 * call is part of the code of every subschema.
 */
function reported(earlier: ErrorObject[] | null, { failure }: Visit, place: string, stay: boolean): ErrorObject[] {
  const all = earlier ?? [];
  all.push({ keyword: visitKeyword, instancePath: place, schemaPath: "", params: failure ?? {} });
  if (stay && all.length >= findingsMax) throw new Enough(all);
  return all;
}

function stopAt(all: readonly ErrorObject[] | null): void {
  if (all !== null && all.length >= findingsMax) throw new Enough(all);
}

/** Keywords whose errors can come from visits of other subschemas. */
const FROM_ELSEWHERE = [
  "$ref",
  "$dynamicRef",
  "$recursiveRef",
  "anyOf",
  "contains",
  "if",
  "not",
  "oneOf",
  "propertyNames",
];

/** Variable names in the validator's generated code. */
const [errors, vErrors, instancePath] = [new Name("errors"), new Name("vErrors"), new Name("instancePath")];

/** Adds the visit keyword to the validator. */
export function addVisits(ajv: Ajv): void {
  const visits: Visit[] = [];
  // Makes visits run before all other keywords of a subschema.
  const first = ajv.RULES.rules.find(({ type }) => type === undefined)?.rules[0]?.keyword;
  const keyword: CodeKeywordDefinition = {
    keyword: visitKeyword,
    ...(first !== undefined && { before: first }),
    code({ gen, data, it, schema, parentSchema }) {
      if (!(schema instanceof Visit)) throw isNoSchema;
      if (schema.flaw !== null) throw schema.flaw;
      const visit = _`${gen.scopeValue("obj", { ref: visits })}[${visits.push(schema) - 1}]`;
      const report = gen.scopeValue("func", { ref: reported });
      // Errors at the top level are final. The validator may drop errors below `anyOf`, `not` and
      // similar keywords.
      const mayStay = it.compositeRule !== true && it.schemaEnv.root === it.schemaEnv;
      const stay = mayStay ? _`${instancePath} === ""` : _`false`;
      if (mayStay && FROM_ELSEWHERE.some((name) => parentSchema[name] !== undefined)) {
        gen.if(stay, _`${gen.scopeValue("func", { ref: stopAt })}(${vErrors})`);
      }
      gen.if(_`!${visit}.accepts(${data}, ${errors})`, () => {
        gen.assign(vErrors, _`${report}(${vErrors}, ${visit}, ${instancePath} + ${it.errorPath}, ${stay})`);
        gen.code(_`${errors}++`);
      });
    },
  };
  ajv.addKeyword(keyword);
}
