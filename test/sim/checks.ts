import type { Database } from "bun:sqlite";
import type { Fact } from "../../src/core/fact.ts";
import type { IdCodec } from "../../src/core/id.ts";
import type { KernelSettings } from "../../src/kernel.ts";
import { AttemptChecks } from "./checks/attempts.ts";
import { BacklogChecks } from "./checks/backlog.ts";
import { BatchChecks } from "./checks/batches.ts";
import { ConsumerChecks } from "./checks/consumers.ts";
import { CountChecks } from "./checks/counts.ts";
import { EndingChecks } from "./checks/ending.ts";
import { FairnessChecks } from "./checks/fairness.ts";
import { FilterChecks } from "./checks/filters.ts";
import { FunctionChecks } from "./checks/functions.ts";
import { GateChecks } from "./checks/gate.ts";
import { KeyChecks } from "./checks/keys.ts";
import { ListChecks } from "./checks/lists.ts";
import { OperationalChecks } from "./checks/operational.ts";
import { QuotaChecks } from "./checks/quotas.ts";
import { RestChecks } from "./checks/rest.ts";
import { SignatureChecks } from "./checks/signatures.ts";
import { SourceChecks } from "./checks/sources.ts";
import { ThinChecks } from "./checks/thin.ts";
import { TokenChecks } from "./checks/tokens.ts";
import { VersionChecks } from "./checks/versions.ts";
import type { VirtualClock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import type { Marks } from "./marks.ts";
import type { Sent } from "./scene.ts";
import type { InFlight } from "./watch/in-flight.ts";

interface Around {
  /** The database, which must already have its tables. */
  readonly db: Database;
  readonly clock: VirtualClock;
  readonly settings: KernelSettings;
  readonly sent: Sent[];
  readonly marks: Marks;
  readonly inFlight: InFlight;
  readonly dice: Dice;
  /** The time that the running program uses for the waits of retries. */
  readonly deliveryTime: () => number;
  readonly ids: () => IdCodec;
  /** Whether the program is being stopped. */
  readonly isStopping: () => boolean;
}

/**
 * Checks what must hold while the world runs and when it has come to rest. The checks read the
 * database directly, not through the store, except for lists.
 */
export class Checks {
  readonly violations: string[] = [];
  readonly attempts: AttemptChecks;
  readonly signatures: SignatureChecks;
  readonly counts: CountChecks;
  readonly lists: ListChecks;
  readonly rest: RestChecks;
  readonly ending: EndingChecks;
  readonly operational: OperationalChecks;
  readonly backlog: BacklogChecks;
  readonly tokens: TokenChecks;
  readonly keys: KeyChecks;
  readonly fairness: FairnessChecks;
  readonly sources: SourceChecks;
  readonly consumers: ConsumerChecks;
  readonly batches: BatchChecks;
  readonly filters: FilterChecks;
  readonly versions: VersionChecks;
  readonly thin: ThinChecks;
  readonly functions: FunctionChecks;
  readonly gate: GateChecks;
  readonly quotas: QuotaChecks;
  readonly #clock: VirtualClock;

  constructor({ db, clock, settings, sent, marks, inFlight, dice, deliveryTime, ids, isStopping }: Around) {
    const { violation } = this;
    this.#clock = clock;
    this.attempts = new AttemptChecks(db, clock, settings, deliveryTime, inFlight, violation);
    this.signatures = new SignatureChecks(db, clock, inFlight, marks, violation);
    this.counts = new CountChecks(db, violation);
    this.lists = new ListChecks(db, dice, violation);
    this.rest = new RestChecks(db, clock, deliveryTime, violation);
    this.ending = new EndingChecks(db, settings, violation);
    this.operational = new OperationalChecks(db, marks, violation);
    this.backlog = new BacklogChecks(violation);
    this.tokens = new TokenChecks(clock, marks, violation);
    this.fairness = new FairnessChecks(clock, violation);
    this.batches = new BatchChecks(db, marks, inFlight, violation);
    this.filters = new FilterChecks(db, marks, violation);
    this.versions = new VersionChecks(db, clock, marks, violation);
    this.thin = new ThinChecks(db, clock, this.versions, marks, violation);
    this.functions = new FunctionChecks(db, clock, sent, inFlight, marks, violation);
    this.gate = new GateChecks(db, marks, violation);
    this.quotas = new QuotaChecks(db, violation);
    this.keys = new KeyChecks(db, clock, sent, this.tokens, violation);
    this.sources = new SourceChecks(db, clock, sent, marks, violation);
    const { deliveryTimeoutMs } = settings;
    this.consumers = new ConsumerChecks({ db, clock, marks, inFlight, ids, isStopping, deliveryTimeoutMs, violation });
  }

  readonly violation = (text: string): void => {
    this.violations.push(`${new Date(this.#clock.now).toISOString()} ${text}`);
  };

  /** Must be called when a new life of the program begins. */
  programStarted(): void {
    this.attempts.programStarted();
    this.batches.programStarted();
    this.versions.programStarted();
    this.thin.programStarted();
    this.functions.programStarted();
    this.gate.programStarted();
    this.backlog.programStarted();
    this.keys.programEnded();
    this.sources.programStarted();
    this.consumers.programStarted();
  }

  happened(fact: Fact): void {
    this.operational.happened(fact);
    this.backlog.happened(fact);
    this.sources.happened(fact);
    switch (fact.type) {
      case "attempt.started":
        this.attempts.started(fact);
        this.fairness.started(fact);
        this.gate.started(fact.deliverySeq);
        break;
      case "attempt.finished":
        this.attempts.finished(fact);
        this.consumers.finished(fact);
        break;
      case "endpoint.disabled":
        this.filters.changing(fact.endpointSeq);
        break;
      case "delivery.postponed":
        this.attempts.postponed(fact);
        break;
      case "defect.found":
        this.violation(`a defect in ${fact.where}: ${fact.error}`);
        break;
    }
  }
}
