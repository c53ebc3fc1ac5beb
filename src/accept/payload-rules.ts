import type { Seq } from "../core/id.ts";
import type { Finding } from "../core/problem.ts";
import type { Signals } from "../core/signal.ts";
import { compileSchema, type PayloadCheck, UnusableSchema } from "../json-schema/compile.ts";
import { WeightedCache } from "../json-schema/weighted-cache.ts";
import type { Configuration, EventType } from "../store/index.ts";

/** What the payloads of an event type are held against. */
export interface PayloadRule {
  readonly check: PayloadCheck;
  /** Refuse what does not fit, or take it with a warning. */
  readonly rejects: boolean;
}

/** Of all that is kept, in bytes. */
const WEIGHT_MAX = 32 * 1024 * 1024;
/** Of an event type without a rule. */
const WEIGHT_BARE = 1024;

/**
 * Which rule each event type has, without asking the store: read and compiled when it is first needed, forgotten when the
 * event type has changed. Bounded; what was read first goes first.
 */
export class PayloadRules {
  readonly #kept = new WeightedCache<PayloadRule | null>(WEIGHT_MAX);
  /** Rises with every change, so that what was read before one is not kept after it. */
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

  /** Null: anything goes. A promise only when it has to be read. */
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

const byVersion = new Intl.Collator("en", { numeric: true });

/** The schema of the greatest version (`2` before `10`); undefined when there is none. */
export function latestSchema({ schemas }: Pick<EventType, "schemas">): unknown {
  const latest = Object.keys(schemas ?? {})
    .sort(byVersion.compare)
    .at(-1);
  return latest === undefined ? undefined : schemas?.[latest];
}

/**
 * A schema may have been stored by a release that took more, or did not look. Then every message is taken, with a warning that says
 * so: what was sent yesterday must not be refused because the server has become another one.
 */
function ruleOf(schema: unknown, rejects: boolean): PayloadRule {
  try {
    return { check: compileSchema(schema), rejects };
  } catch (error) {
    if (!(error instanceof UnusableSchema)) throw error;
    const finding: Finding = {
      loc: ["body", "payload"],
      msg: `Its type has a schema that cannot be used: ${error.message}`,
      type: "schema.unusable",
    };
    return { check: Object.assign(() => [finding], { bytes: WEIGHT_BARE, steps: 0 }), rejects: false };
  }
}
