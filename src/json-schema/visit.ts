/** What happens when a value meets a (sub)schema: it is paid for, and what the schema says of the value itself is asked. */
import { _, type Ajv, type CodeKeywordDefinition, type ErrorObject, Name } from "ajv";
import type { Assertion, Failure } from "./assertions.ts";
import type { Meter } from "./meter.ts";
import { UnusableSchema } from "./unusable-schema.ts";

/** Under this name each subschema of a prepared schema has its `Visit`. */
export const visitKeyword = "x-boathook-visit";
/** More than this many findings help nobody. */
export const findingsMax = 20;

/**
 * The validator copies lists of errors from one to the next, so each visit costs more the more errors there are. This also
 * bounds how many there can be.
 */
const STEPS_PER_EARLIER_ERROR = 1 / 8;
const STEPS_PER_FAILURE = 4;

/** The rest need not be looked at: there are as many findings as anybody wants. */
export class Enough extends Error {
  override readonly name = "Enough";
  constructor(readonly errors: readonly ErrorObject[]) {
    super();
  }
}

/** What a value is held against at one place of a schema. */
export class Visit {
  /** Of the latest visit. */
  failure: Failure | null = null;
  /** Matters only when the subschema is used. */
  readonly flaw: UnusableSchema | null;
  readonly #meter: Meter;
  readonly #assertions: readonly Assertion[];
  readonly #steps: number;
  readonly #looksAtFields: boolean;

  /** `steps`, and for each field of an object where it `looksAtFields`: what the validator does besides. */
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

  /** `errors`: how many have been found before in this part. */
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

const isNoSchema = new UnusableSchema("A reference must lead to a schema.");

/**
 * For objects that hold schemas by name. A reference may lead to one of them as if it were a schema itself; nobody would
 * count what that costs, so it must not be used as one.
 */
export const mapPrototype: object = Object.create(Object.prototype, { [visitKeyword]: { value: isNoSchema } });

/** An error as the validator writes them, in few words: this is part of the code of every subschema. */
function reported(earlier: ErrorObject[] | null, { failure }: Visit, place: string, stay: boolean): ErrorObject[] {
  const all = earlier ?? [];
  all.push({ keyword: visitKeyword, instancePath: place, schemaPath: "", params: failure ?? {} });
  if (stay && all.length >= findingsMax) throw new Enough(all);
  return all;
}

function stopAt(all: readonly ErrorObject[] | null): void {
  if (all !== null && all.length >= findingsMax) throw new Enough(all);
}

/** From these, errors come that have not been reported by a visit here. */
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

/** What these are called in the code that the validator writes. */
const [errors, vErrors, instancePath] = [new Name("errors"), new Name("vErrors"), new Name("instancePath")];

/** Teaches a validator the keyword that stands for a visit. */
export function addVisits(ajv: Ajv): void {
  const visits: Visit[] = [];
  // Whatever the validator does at a subschema comes after that.
  const first = ajv.RULES.rules.find(({ type }) => type === undefined)?.rules[0]?.keyword;
  const keyword: CodeKeywordDefinition = {
    keyword: visitKeyword,
    ...(first !== undefined && { before: first }),
    code({ gen, data, it, schema, parentSchema }) {
      if (!(schema instanceof Visit)) throw isNoSchema;
      if (schema.flaw !== null) throw schema.flaw;
      const visit = _`${gen.scopeValue("obj", { ref: visits })}[${visits.push(schema) - 1}]`;
      const report = gen.scopeValue("func", { ref: reported });
      // Errors of the payload as a whole stay; those below anyOf, not and the like may turn out to be none.
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
