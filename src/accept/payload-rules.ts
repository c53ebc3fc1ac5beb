import type { Seq } from "../core/id.ts";
import { type Finding, Problem } from "../core/problem.ts";
import { latestSchema } from "../core/schema-versions.ts";
import type { Signals } from "../core/signal.ts";
import { compileUsableSchema, type PayloadCheck, tooCostly } from "../json-schema/compile.ts";
import { WeightedCache } from "../json-schema/weighted-cache.ts";
import type { Clock } from "../ports.ts";
import type { Configuration, EventType } from "../store/index.ts";
import { Turns } from "../store/turns.ts";
import { type HeavyWork, TaskOverdue } from "../thread/heavy-work.ts";

/** How the payloads of an event type are checked, and how to treat violations. */
export interface PayloadRule {
  /**
   * Checks a payload on this thread. Null if compiling the schema would block the event loop for
   * too long, or if there is no bound to the cost of a check.
   */
  readonly check: PayloadCheck | null;
  /**
   * Checks a payload, given as text, on the worker thread, with a deadline. Resolves to null if the
   * text is not JSON. Throws a 503 if the thread fails.
   */
  readonly checkOnWorker: (payload: string) => Promise<readonly Finding[] | null>;
  /**
   * True if payloads that violate the schema are rejected. False if they are accepted with a
   * warning.
   */
  readonly rejects: boolean;
}

/** Maximum size of all cached rules, in bytes. */
const WEIGHT_MAX = 32 * 1024 * 1024;
/** Size that the cache counts for an event type without a compiled schema, in bytes. */
const WEIGHT_BARE = 1024;
/**
 * Maximum size of a schema that is compiled on this thread, in bytes of memory. Such a schema has
 * up to about 80 fields and compiles in less than 10 ms.
 */
const COMPILED_BYTES_MAX = 100 * 1024;

/**
 * Caches the rule of each event type. A rule is read and compiled on first use, and dropped when
 * its event type changes. When the cache is full, the oldest rule is dropped.
 */
export class PayloadRules {
  readonly #kept = new WeightedCache<PayloadRule | null>(WEIGHT_MAX);
  /** The rules that are being read. Messages of one event type that arrive together share a read. */
  readonly #reading = new Map<string, Promise<PayloadRule | null>>();
  /**
   * Incremented with every change, so that a rule read before a change is not cached after the
   * change.
   */
  #changes = 0;
  readonly #turns: Turns;
  /** Resolves when the last queued rule is ready. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly eventTypes: Pick<Configuration["eventTypes"], "get">,
    clock: Pick<Clock, "soon">,
    signals: Signals,
    /** Usually a worker thread. */
    private readonly worker: Pick<HeavyWork, "schemaSize" | "messageFindings">,
  ) {
    this.#turns = new Turns(clock);
    signals.invalidate(["eventtype.changed"], ({ environmentSeq, name }) => this.#forget(environmentSeq, name));
    signals.invalidate(["store.changed"], () => {
      this.#changes++;
      this.#kept.clear();
      this.#reading.clear();
    });
  }

  /**
   * Returns an event type's rule, or null if the event type accepts every payload. Returns a
   * promise only if the store must be read.
   */
  of(environmentSeq: Seq, eventType: string): PayloadRule | null | Promise<PayloadRule | null> {
    const key = `${environmentSeq}/${eventType}`;
    const kept = this.#kept.get(key);
    return kept === undefined ? this.#shared(key, environmentSeq, eventType) : kept;
  }

  #shared(key: string, environmentSeq: Seq, name: string): Promise<PayloadRule | null> {
    const underWay = this.#reading.get(key);
    if (underWay !== undefined) return underWay;
    const reading = this.#read(key, environmentSeq, name).finally(() => {
      // After a change, a later read may have taken the place of this one.
      if (this.#reading.get(key) === reading) this.#reading.delete(key);
    });
    this.#reading.set(key, reading);
    return reading;
  }

  /**
   * Reads one rule per turn of the event loop, because parsing a large schema takes about 1 ms, and
   * messages of many event types may arrive together.
   */
  async #read(key: string, environmentSeq: Seq, name: string): Promise<PayloadRule | null> {
    await this.#turns.next();
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const changes = this.#changes;
    const eventType = await this.eventTypes.get(environmentSeq, name);
    const schema = eventType === null || eventType.validation === "off" ? undefined : latestSchema(eventType);
    if (schema !== undefined && eventType !== null) {
      return await this.#prepareInOrder(key, changes, eventType, schema);
    }
    if (changes === this.#changes) this.#kept.keep(key, null, WEIGHT_BARE);
    return null;
  }

  /**
   * Prepares one rule at a time, so that the worker still has a schema in its cache when it checks
   * the first payload.
   */
  #prepareInOrder(key: string, changes: number, eventType: EventType, schema: unknown): Promise<PayloadRule> {
    const prepared = this.#last.then(async () => {
      const kept = this.#kept.get(key);
      if (kept != null) return kept;
      const { rule, bytes } = await this.#ruleOf(eventType, schema);
      if (changes === this.#changes) this.#kept.keep(key, rule, bytes);
      return rule;
    });
    this.#last = prepared.catch(() => {});
    return prepared;
  }

  /**
   * Returns the rule of a schema, and its size in memory. The worker compiles the schema first, which
   * yields its size.
   *
   * If the schema is unusable, because an earlier release stored it, every payload is accepted with
   * a warning: an upgrade must not reject payloads that were accepted before.
   */
  async #ruleOf(
    { environmentSeq, validation }: EventType,
    schema: unknown,
  ): Promise<{ rule: PayloadRule; bytes: number }> {
    const rejects = validation === "reject";
    const text = JSON.stringify(schema);
    const size = await this.worker.schemaSize(text).catch((error: unknown) => {
      if (error instanceof TaskOverdue) return { problem: { message: "It takes too long to compile." } };
      throw unavailable(error);
    });
    if ("problem" in size) return { rule: unusable(size.problem.message), bytes: WEIGHT_BARE };
    const checkOnWorker = (payload: string) =>
      this.worker.messageFindings(environmentSeq, text, payload).catch((error: unknown) => {
        if (error instanceof TaskOverdue) return tooCostly;
        throw unavailable(error);
      });
    const isSmall = size.bytes <= COMPILED_BYTES_MAX && size.cost < Number.POSITIVE_INFINITY;
    const check = isSmall ? compileUsableSchema(schema) : null;
    return { rule: { check, checkOnWorker, rejects }, bytes: isSmall ? size.bytes : WEIGHT_BARE + 2 * text.length };
  }

  #forget(environmentSeq: Seq, name: string): void {
    const key = `${environmentSeq}/${name}`;
    this.#changes++;
    this.#kept.forget(key);
    this.#reading.delete(key);
  }
}

function unusable(problem: string): PayloadRule {
  const msg = `The schema of this event type cannot be used: ${problem}`;
  const findings: readonly Finding[] = [{ loc: ["body", "payload"], msg, type: "schema.unusable" }];
  const check = Object.assign(() => findings, { bytes: WEIGHT_BARE, cost: 0 });
  return { check, checkOnWorker: async () => findings, rejects: false };
}

/** The sender should try again: the payload may be valid, and accepting it unchecked is no better. */
function unavailable(cause: unknown): Problem {
  const problem = new Problem(
    503,
    "unavailable",
    "The payload cannot be validated at the moment. Send it again later.",
  );
  return Object.assign(problem, { cause });
}
