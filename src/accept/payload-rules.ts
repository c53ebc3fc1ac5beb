import type { Seq } from "../core/id.ts";
import type { Finding } from "../core/problem.ts";
import { latestSchema } from "../core/schema-versions.ts";
import type { Signals } from "../core/signal.ts";
import { compileSchema, type PayloadCheck, UnusableSchema } from "../json-schema/compile.ts";
import { WeightedCache } from "../json-schema/weighted-cache.ts";
import type { Configuration } from "../store/index.ts";

/** An event type's compiled schema, and how to treat violations. */
export interface PayloadRule {
  readonly check: PayloadCheck;
  /**
   * True if payloads that violate the schema are rejected. False if they are accepted with a
   * warning.
   */
  readonly rejects: boolean;
}

/** Maximum size of all cached rules, in bytes. */
const WEIGHT_MAX = 32 * 1024 * 1024;
/** Size that the cache counts for an event type without a rule, in bytes. */
const WEIGHT_BARE = 1024;

/**
 * Caches the rule of each event type. A rule is read and compiled on first use, and dropped when
 * its event type changes. When the cache is full, the oldest rule is dropped.
 */
export class PayloadRules {
  readonly #kept = new WeightedCache<PayloadRule | null>(WEIGHT_MAX);
  /**
   * Incremented with every change, so that a rule read before a change is not cached after the
   * change.
   */
  #changes = 0;

  constructor(
    private readonly eventTypes: Pick<Configuration["eventTypes"], "get">,
    signals: Signals,
  ) {
    signals.invalidate(["eventtype.changed"], ({ environmentSeq, name }) => this.#forget(environmentSeq, name));
    signals.invalidate(["store.changed"], () => {
      this.#changes++;
      this.#kept.clear();
    });
  }

  /**
   * Returns an event type's rule, or null if the event type accepts every payload. Returns a
   * promise only if the store must be read.
   */
  of(environmentSeq: Seq, eventType: string): PayloadRule | null | Promise<PayloadRule | null> {
    const key = `${environmentSeq}/${eventType}`;
    const kept = this.#kept.get(key);
    return kept === undefined ? this.#read(key, environmentSeq, eventType) : kept;
  }

  async #read(key: string, environmentSeq: Seq, name: string): Promise<PayloadRule | null> {
    const changes = this.#changes;
    const eventType = await this.eventTypes.get(environmentSeq, name);
    const schema = eventType === null || eventType.validation === "off" ? undefined : latestSchema(eventType);
    const hasRule = schema !== undefined && eventType !== null;
    const rule = hasRule ? ruleOf(schema, eventType.validation === "reject") : null;
    if (changes === this.#changes) this.#kept.keep(key, rule, rule?.check.bytes ?? WEIGHT_BARE);
    return rule;
  }

  #forget(environmentSeq: Seq, name: string): void {
    this.#changes++;
    this.#kept.forget(`${environmentSeq}/${name}`);
  }
}

/**
 * Compiles a schema. If the schema is unusable, because an earlier release stored it, every payload
 * is accepted with a warning: an upgrade must not reject payloads that were accepted before.
 */
function ruleOf(schema: unknown, rejects: boolean): PayloadRule {
  try {
    return { check: compileSchema(schema), rejects };
  } catch (error) {
    if (!(error instanceof UnusableSchema)) throw error;
    const finding: Finding = {
      loc: ["body", "payload"],
      msg: `The schema of this event type cannot be used: ${error.message}`,
      type: "schema.unusable",
    };
    return { check: Object.assign(() => [finding], { bytes: WEIGHT_BARE, steps: 0 }), rejects: false };
  }
}
