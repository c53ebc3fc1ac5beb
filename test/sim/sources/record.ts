import type { Seq } from "../../../src/core/id.ts";
import type { Source } from "../../../src/store/index.ts";
import { type Flaw, type Kind, type KindName, kindOf } from "./kinds.ts";

/** A value that is being changed: until the change is known to be done, either value may apply. */
export class Uncertain<T> {
  #values: Set<T>;
  #changes = 0;
  #haveOverlapped = false;

  constructor(value: T) {
    this.#values = new Set([value]);
  }

  /** The value, or undefined if it is not known. */
  get known(): T | undefined {
    return this.#values.size === 1 && this.#changes === 0 ? [...this.#values][0] : undefined;
  }

  mayBe(value: T): boolean {
    return this.#values.has(value);
  }

  /** Must be called before a change. The returned function must be called when it is done or has perhaps failed. */
  change(value: T): (isDone?: boolean) => void {
    this.#values.add(value);
    this.#changes++;
    if (this.#changes > 1) this.#haveOverlapped = true;
    return (isDone = true) => {
      this.#changes--;
      if (!isDone) this.#haveOverlapped = true;
      if (this.#changes > 0) return;
      if (!this.#haveOverlapped) this.#values = new Set([value]);
      this.#haveOverlapped = false;
    };
  }

  /** Must be called when the program ends, because no change outlives it. */
  programEnded(): void {
    this.#changes = 0;
    this.#haveOverlapped = false;
  }
}

/** A token of a source's URL, with times of the wall clock between which it ends. */
export interface TokenOfSource {
  readonly text: string;
  /** True time at which it became known. */
  readonly knownAt: number;
  mayEndAt: number;
  endsAt: number;
}

/** A message of a source, as it was committed. */
export interface StoredMessage {
  readonly seq: Seq;
  /** True time of the commit. */
  readonly at: number;
  readonly acceptedAt: number;
  /** Wall time from which duplicates are certainly recognised, for the window of the source. */
  readonly rememberedFrom: number;
  readonly hasFailed: boolean;
  /** The life of the program that has stored it. */
  readonly life: number;
}

/** An event that a provider sends, perhaps several times. */
export interface Posting {
  readonly source: SourceRecord;
  readonly id: string;
  readonly body: Buffer;
  readonly flaw: Flaw | null;
  readonly stored: StoredMessage[];
  readonly underWay: Set<DoorCall>;
  /** Number of requests that got a 2xx, and of requests without any response. */
  succeeded: number;
  unanswered: number;
  /** Whether a request was made while its source changed, so that it may have been refused for another cause. */
  isUncertain: boolean;
}

/** A request that has no response yet. */
export interface DoorCall {
  readonly posting: Posting;
  /** True time of the start. */
  readonly startedAt: number;
  readonly wallAtStart: number;
  readonly storedAtStart: number;
  readonly versionAtStart: number;
  readonly clockStepsAtStart: number;
  /** The newest message whose sender had its response when this request began. */
  readonly newestAtStart: Seq;
  readonly wasAlone: boolean;
  /** Whether the source may have stored requests whose check fails when this one began. */
  readonly couldRecord: boolean;
  /** Whether the message has been given to the store. */
  isAccepting: boolean;
  isStored: boolean;
}

/** A source as its owner and its provider know it. */
export class SourceRecord {
  readonly kind: Kind;
  readonly tokens: TokenOfSource[] = [];
  readonly postings: Posting[] = [];
  /** Secrets of handshakes that got a 2xx since the secret was removed. */
  captured = new Set<string>();
  state: "live" | "being deleted" | "deleted" = "live";
  /** Incremented at the beginning and at the end of each change. */
  version = 0;
  /** The newest message whose sender has its response. */
  newestAnswered: Seq = 0;
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly environmentSeq: Seq;
  readonly provider: string;
  readonly windowMs: number | null;
  readonly secret: Uncertain<string>;
  readonly verification: Uncertain<Source["verification"]>;
  readonly ingestRate: Uncertain<number | null>;

  constructor(
    readonly kindName: KindName,
    source: Source,
    secret: string,
  ) {
    this.kind = kindOf(kindName);
    this.seq = source.seq;
    this.applicationSeq = source.applicationSeq;
    this.environmentSeq = source.environmentSeq;
    this.provider = source.provider;
    this.windowMs = source.deduplicate === null ? null : source.deduplicate.windowSeconds * 1000;
    this.secret = new Uncertain(secret);
    this.verification = new Uncertain(source.verification);
    this.ingestRate = new Uncertain(source.ingestRate);
  }

  /** Whether all settings are known that decide about a request. */
  get isKnown(): boolean {
    const { secret, verification, ingestRate } = this;
    const areKnown = secret.known !== undefined && verification.known !== undefined && ingestRate.known !== undefined;
    return areKnown && this.state !== "being deleted" && (this.kindName !== "capturing" || this.captured.size === 1);
  }

  /** The secret with which the provider signs at present. */
  get signingSecret(): string {
    if (this.kindName === "capturing") return [...this.captured].at(-1) ?? "not captured";
    return this.secret.known ?? "between two secrets";
  }

  programEnded(): void {
    this.version++;
    for (const one of [this.secret, this.verification, this.ingestRate]) one.programEnded();
  }
}
