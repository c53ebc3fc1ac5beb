import type { BrokerType } from "../../../src/core/broker.ts";
import type { Seq } from "../../../src/core/id.ts";
import type { Source } from "../../../src/store/index.ts";
import { Uncertain } from "../sources/record.ts";
import type { Publication } from "./queue.ts";

/** A source that takes from a queue, as its owner knows it. */
export class QueueSource {
  state: "live" | "being deleted" | "deleted" = "live";
  /** Number of messages that its publishers have sent, and the latest of them. */
  published = 0;
  readonly latest: Publication[] = [];
  readonly type: BrokerType;
  readonly seq: Seq;
  readonly applicationSeq: Seq;
  readonly environmentSeq: Seq;
  /** Time within which duplicates are recognised, in ms, or null. */
  readonly windowMs: number | null;
  /** All URLs of queues that it ever had. */
  readonly urls: string[] = [];
  readonly url: Uncertain<string>;
  readonly disabled: Uncertain<boolean>;
  /** True time at which its owner learned of the latest change. */
  changedAt: number;

  constructor(source: Source, now: number) {
    this.type = source.provider as BrokerType;
    this.seq = source.seq;
    this.applicationSeq = source.applicationSeq;
    this.environmentSeq = source.environmentSeq;
    this.windowMs = source.deduplicate === null ? null : source.deduplicate.windowSeconds * 1000;
    const url = String(source.config.url);
    this.urls.push(url);
    this.url = new Uncertain(url);
    this.disabled = new Uncertain(source.disabled);
    this.changedAt = now;
  }

  /** The URL that its owner has set last. */
  get latestUrl(): string {
    return this.urls.at(-1)!;
  }

  /** Whether the source may take messages from a queue. */
  mayTakeFrom(url: string): boolean {
    return this.state !== "deleted" && this.url.mayBe(url) && this.disabled.mayBe(false);
  }

  programEnded(): void {
    for (const one of [this.url, this.disabled]) one.programEnded();
  }
}
