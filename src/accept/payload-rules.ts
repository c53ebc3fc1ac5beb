import type { Fact, Facts } from "../core/fact.ts";
import type { Seq } from "../core/id.ts";
import type { Finding } from "../core/problem.ts";
import type { EventType, Store } from "../store/index.ts";
import { compileSchema, type PayloadCheck, UnusableSchema } from "./json-schema/compile.ts";

/** What the payloads of an event type are held against. */
export interface PayloadRule {
  readonly check: PayloadCheck;
  /** Refuse what does not fit, or take it with a warning. */
  readonly rejects: boolean;
}

interface Kept {
  readonly rule: PayloadRule | null;
  readonly weight: number;
}

/** What is kept altogether, in bytes of schemas; a compiled one takes some times that. */
const WEIGHT_MAX = 8 * 1024 * 1024;
/** Of an event type without a rule, and what a rule weighs beside its schema. */
const WEIGHT_BARE = 256;
const WEIGHT_OF_RULE = 4096;

/**
 * Which rule each event type has, without asking the store: read and compiled when it is first needed, forgotten when a fact
 * says that the event type has changed. Bounded; what was read first goes first.
 */
export class PayloadRules {
  readonly #kept = new Map<string, Kept>();
  #weight = 0;
  /** Rises with every change, so that what was read before one is not kept after it. */
  #changes = 0;

  constructor(
    private readonly store: Pick<Store, "eventTypes">,
    facts: Facts,
  ) {
    facts.subscribe((fact) => this.#listen(fact));
  }

  /** Null: anything goes. A promise only when it has to be read. */
  of(environmentSeq: Seq, eventType: string): PayloadRule | null | Promise<PayloadRule | null> {
    const key = `${environmentSeq}/${eventType}`;
    const kept = this.#kept.get(key);
    return kept === undefined ? this.#read(key, environmentSeq, eventType) : kept.rule;
  }

  async #read(key: string, environmentSeq: Seq, name: string): Promise<PayloadRule | null> {
    const changes = this.#changes;
    const eventType = await this.store.eventTypes.get(environmentSeq, name);
    const schema = eventType === null || eventType.validation === "off" ? undefined : latestSchema(eventType);
    if (schema === undefined || eventType === null) {
      if (changes === this.#changes) this.#keep(key, { rule: null, weight: WEIGHT_BARE });
      return null;
    }
    const rule = { check: checkOf(schema), rejects: eventType.validation === "reject" };
    const weight = WEIGHT_OF_RULE + JSON.stringify(schema).length;
    if (changes === this.#changes) this.#keep(key, { rule, weight });
    return rule;
  }

  #keep(key: string, kept: Kept): void {
    this.#forget(key);
    this.#kept.set(key, kept);
    this.#weight += kept.weight;
    for (const oldest of this.#kept.keys()) {
      if (this.#weight <= WEIGHT_MAX) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#weight -= this.#kept.get(key)?.weight ?? 0;
    this.#kept.delete(key);
  }

  #listen(fact: Fact): void {
    if (fact.type !== "eventtype.changed") return;
    this.#changes++;
    this.#forget(`${fact.environmentSeq}/${fact.name}`);
  }
}

const byVersion = new Intl.Collator("en", { numeric: true });

/** The schema of the greatest version (`2` before `10`); undefined when there is none. */
export function latestSchema({ schemas }: Pick<EventType, "schemas">): unknown {
  const latest = Object.keys(schemas ?? {})
    .sort(byVersion.compare)
    .at(-1);
  return latest === undefined ? undefined : schemas?.[latest];
}

/** A schema that was stored before it was looked at may be none; then it says so of every message. */
function checkOf(schema: unknown): PayloadCheck {
  try {
    return compileSchema(schema);
  } catch (error) {
    if (!(error instanceof UnusableSchema)) throw error;
    const finding: Finding = {
      loc: ["body", "payload"],
      msg: `Its type has a schema that cannot be used: ${error.message}`,
      type: "schema.unusable",
    };
    return () => [finding];
  }
}
